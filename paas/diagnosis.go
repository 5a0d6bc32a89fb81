package paas

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Codes of a version that was built but could not be started.
const (
	ENoPort           Code = "E_NO_PORT"
	ENoAnswer         Code = "E_NO_ANSWER"
	EUnhealthy        Code = "E_UNHEALTHY"
	EHealthPath       Code = "E_HEALTH_PATH"
	EHealthSlow       Code = "E_HEALTH_SLOW"
	ECrashed          Code = "E_CRASHED"
	EExited           Code = "E_EXITED"
	EOutOfMemory      Code = "E_OUT_OF_MEMORY"
	ECommandNotFound  Code = "E_COMMAND_NOT_FOUND"
	ENotExecutable    Code = "E_NOT_EXECUTABLE"
	EMissingModule    Code = "E_MISSING_MODULE"
	EWrongArch        Code = "E_WRONG_ARCHITECTURE"
	EImageUnavailable Code = "E_IMAGE_UNAVAILABLE"
	EDiskFull         Code = "E_DISK_FULL"
)

// diagnoseStart turns the evidence of a start that did not get ready into a sentence and what to do.
// The last lines of its log tell some failures apart.
func diagnoseStart(seen Readiness, process string, probe Probe, lines []string) Diagnosis {
	if seen.Ended {
		return diagnoseEnd(seen, process, lines)
	}
	port, within := 0, seconds(probe.Deadline)
	if len(probe.Ports) > 0 {
		port = probe.Ports[0]
	}
	switch {
	case probe.Path != "" && seen.Status == 404:
		return Diagnosis{EHealthPath, fmt.Sprintf("the app answered 404 at its health check %s on port %d for %s. Add that path to the app, or correct health.path in paastech/app.yaml.", probe.Path, port, within)}
	case probe.Path != "" && seen.Status >= 300 && seen.Status < 500:
		return Diagnosis{EHealthPath, fmt.Sprintf("the app answered %d at its health check %s on port %d for %s; it must answer 200 to 399. Let that path need no log-in, or correct health.path in paastech/app.yaml.", seen.Status, probe.Path, port, within)}
	case seen.Status >= 500 && probe.Path != "":
		return Diagnosis{EUnhealthy, fmt.Sprintf("the app answered %d at its health check %s on port %d for %s. Its last lines above say why; what it needs (a database, a variable) may be missing.", seen.Status, probe.Path, port, within)}
	case seen.Status >= 500:
		return Diagnosis{EUnhealthy, fmt.Sprintf("the app answered %d on port %d for %s. Make it answer below 500 when it is ready; its last lines above say why it did not.", seen.Status, port, within)}
	case seen.Connected && probe.Path != "":
		return Diagnosis{EHealthSlow, fmt.Sprintf("the app took connections on port %d but did not answer its health check %s in time. Make that path answer faster, or give it longer (health.timeout, health.deadline in paastech/app.yaml).", port, probe.Path)}
	case seen.Connected:
		return Diagnosis{ENoAnswer, fmt.Sprintf("the app accepted connections on port %d but gave no complete HTTP answer within %s. Make it speak HTTP on $PORT, or answer / sooner; `health: {tcp: true}` in paastech/app.yaml asks for a connection only.", port, within)}
	case len(seen.Listeners) == 0:
		return Diagnosis{ENoPort, fmt.Sprintf("the app never listened on $PORT (%d) within %s. Listen on 0.0.0.0:$PORT.", port, within)}
	case onlyLocal(seen.Listeners, port):
		return Diagnosis{ENoPort, fmt.Sprintf("the app listened on $PORT (%d), but on %s only, where nothing outside its container reaches it. Listen on 0.0.0.0:$PORT.", port, joined(seen.Listeners))}
	default:
		return Diagnosis{ENoPort, fmt.Sprintf("the app never listened on $PORT (%d); it listened on %s. Listen on 0.0.0.0:$PORT.", port, joined(seen.Listeners))}
	}
}

// onlyLocal tells whether the port is listened on at the container's own addresses only.
func onlyLocal(listeners []netip.AddrPort, port int) bool {
	local := false
	for _, listener := range listeners {
		if int(listener.Port()) == port {
			if !listener.Addr().IsLoopback() {
				return false
			}
			local = true
		}
	}
	return local
}

func diagnoseEnd(seen Readiness, process string, lines []string) Diagnosis {
	who, command := "the app", "the start command"
	if process != WebProcess {
		who = "the process " + process
		command += " of " + process
	}
	module := missingModule(lines)
	switch {
	case seen.OOMKilled:
		return Diagnosis{EOutOfMemory, who + " used more memory than its limit while it started and was killed. Make it use less, or ask for a higher limit (limits.memory in paastech/app.yaml)."}
	case hasLine(lines, "exec format error"):
		return Diagnosis{EWrongArch, who + " is a program for another kind of processor than this host's. Build it here, or for this host's architecture."}
	case seen.ExitCode == 127, hasLine(lines, launchFailed) && hasLine(lines, "executable file not found"), hasLine(lines, launchFailed) && hasLine(lines, "no such file or directory"):
		return Diagnosis{ECommandNotFound, command + " was not found. Check the Procfile or the start script."}
	case seen.ExitCode == 126, hasLine(lines, launchFailed) && hasLine(lines, "permission denied"):
		return Diagnosis{ENotExecutable, command + " cannot be executed. Make the file executable: git update-index --chmod=+x FILE."}
	case module != "":
		return Diagnosis{EMissingModule, fmt.Sprintf("%s needs %s, which is not installed. Add it to the project's dependencies (not only the development ones) and push again.", who, module)}
	case hasLine(lines, "No space left on device"), hasLine(lines, "ENOSPC"):
		return Diagnosis{EDiskFull, who + " found no space left where it writes. Write less, or to a volume (volumes in paastech/app.yaml)."}
	case seen.ExitCode == 0 && process != WebProcess:
		return Diagnosis{EExited, who + " ended by itself (exit code 0) while it started. A process must keep running; what runs once belongs in `release` or `cron` of paastech/app.yaml."}
	case seen.ExitCode == 0:
		return Diagnosis{EExited, "the app ended by itself (exit code 0) before it answered. The web process must keep running and listen on 0.0.0.0:$PORT."}
	}
	if signal, ok := signalOf(seen.ExitCode); ok {
		return Diagnosis{ECrashed, fmt.Sprintf("%s was ended by signal %d (%s) before it answered. Its last lines above say more.", who, int(signal), signal)}
	}
	return Diagnosis{ECrashed, fmt.Sprintf("%s ended with exit code %d before it answered. Its last lines above say why.", who, seen.ExitCode)}
}

// launchFailed is how the launcher of Cloud Native Buildpacks begins what it says when it cannot start a
// command; its exit code is one of its own.
const launchFailed = "failed to launch: "

// missingModules are how runtimes say that a dependency is missing; what follows names it.
var missingModules = []string{"Cannot find module ", "Cannot find package ", "ModuleNotFoundError: No module named ", "ImportError: No module named ", "cannot load such file -- "}

func missingModule(lines []string) string {
	for _, line := range lines {
		for _, phrase := range missingModules {
			_, rest, found := strings.Cut(line, phrase)
			name, _, _ := strings.Cut(strings.TrimLeft(rest, `'"`), " ")
			name = strings.Trim(name, `'",;:()`)
			if found && name != "" && len(name) <= 100 {
				return name
			}
		}
	}
	return ""
}

func hasLine(lines []string, phrase string) bool {
	for _, line := range lines {
		if strings.Contains(strings.ToLower(line), strings.ToLower(phrase)) {
			return true
		}
	}
	return false
}

// signalOf is the signal that an exit code stands for, as shells and Docker count: 128 and its number.
func signalOf(code int) (syscall.Signal, bool) {
	return syscall.Signal(code - 128), code > 128 && code < 128+65
}

// exitWords explains an exit code.
func exitWords(code int) string {
	if signal, ok := signalOf(code); ok {
		return fmt.Sprintf("by signal %d (%s)", int(signal), signal)
	}
	return fmt.Sprintf("with exit code %d", code)
}

// seenWords says what a health check met.
func seenWords(seen Readiness, probe Probe) string {
	at := probe.Path
	if at == "" {
		at = "/"
	}
	switch {
	case seen.Status > 0:
		return fmt.Sprintf("%s answered %d", at, seen.Status)
	case seen.Connected:
		return fmt.Sprintf("%s did not answer within %s", at, seconds(probe.Timeout))
	default:
		return "it took no connection"
	}
}

func seconds(d time.Duration) string {
	return strings.TrimSuffix(d.Round(100*time.Millisecond).String(), ".0s")
}

func joined(listeners []netip.AddrPort) string {
	names := make([]string, len(listeners))
	for i, listener := range listeners {
		names[i] = listener.String()
	}
	return strings.Join(names, ", ")
}

// diagnosisOf turns the failure of a build or a start into what the deployment keeps.
func diagnosisOf(err error) *Diagnosis {
	public := Public(err)
	return &Diagnosis{Code: public.Code, Message: public.Message}
}
