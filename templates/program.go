package templates

import "strings"

// named are how programs and systems give themselves away in what they call themselves. The order
// matters: most browsers claim to be others too.
var (
	namedPrograms = [][2]string{
		{"paastech", "paastech"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}, {"Go-http-client", "a Go program"}, {"python-requests", "a Python program"},
	}
	namedSystems = [][2]string{
		{"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Windows", "Windows"}, {"windows", "Windows"}, {"Mac OS X", "macOS"}, {"darwin", "macOS"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"}, {"linux", "Linux"}, {"freebsd", "FreeBSD"},
	}
)

// ProgramOf is what a program calls itself (RFC 9110, section 10.1.5) in a word or two.
func ProgramOf(agent string) string {
	program, system := firstNamed(agent, namedPrograms), firstNamed(agent, namedSystems)
	switch {
	case agent == "":
		return "unknown"
	case program == "":
		return agent
	case system == "":
		return program
	}
	return program + " on " + system
}

func firstNamed(agent string, names [][2]string) string {
	for _, name := range names {
		if strings.Contains(agent, name[0]) {
			return name[1]
		}
	}
	return ""
}
