package gitserver

import (
	"regexp"
	"strings"
)

// verb is one of the two things that git asks for over SSH.
type verb string

const (
	receivePack verb = "receive-pack" // git push
	uploadPack  verb = "upload-pack"  // git clone, git fetch
)

// command is an exec request that we serve.
type command struct {
	verb verb
	path string // as written: Platform.Repository says what it means
}

// maxCommand is longer than any address of a repository here.
const maxCommand = 256

// commandLine is everything that is understood: git's verb with one path, quoted as git quotes it, or
// bare. What no address of a repository holds (quotes, spaces, $, ;, control characters, a leading -)
// does not match, so there is nothing to escape.
var commandLine = regexp.MustCompile(`^git[- ](receive-pack|upload-pack) (?:'([A-Za-z0-9_./~-]+)'|([A-Za-z0-9_./~-]+))$`)

// parseCommand reads an exec request; ok is false for everything that is not git's.
func parseCommand(line string) (command, bool) {
	if len(line) > maxCommand {
		return command{}, false
	}
	match := commandLine.FindStringSubmatch(line)
	if match == nil {
		return command{}, false
	}
	path := match[2] + match[3]
	if strings.HasPrefix(path, "-") || strings.Contains(path, "..") {
		return command{}, false
	}
	return command{verb: verb(match[1]), path: path}, true
}
