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
	ENoPort          Code = "E_NO_PORT"
	ENoAnswer        Code = "E_NO_ANSWER"
	EUnhealthy       Code = "E_UNHEALTHY"
	ECrashed         Code = "E_CRASHED"
	EExited          Code = "E_EXITED"
	EOutOfMemory     Code = "E_OUT_OF_MEMORY"
	ECommandNotFound Code = "E_COMMAND_NOT_FOUND"
)

// diagnoseStart turns the evidence of a start that did not get ready into a sentence and what to do.
func diagnoseStart(seen Readiness, port int, deadline time.Duration) Diagnosis {
	if seen.Ended {
		return diagnoseEnd(seen)
	}
	switch {
	case seen.Status >= 500:
		return Diagnosis{EUnhealthy, fmt.Sprintf("the app answered %d on port %d for %s. Make it answer below 500 when it is ready; its last lines above say why it did not.", seen.Status, port, seconds(deadline))}
	case seen.Connected:
		return Diagnosis{ENoAnswer, fmt.Sprintf("the app accepted connections on port %d but gave no complete HTTP answer within %s. Make it speak HTTP on $PORT, or answer / sooner.", port, seconds(deadline))}
	case len(seen.Listeners) == 0:
		return Diagnosis{ENoPort, fmt.Sprintf("the app never listened on $PORT (%d) within %s. Listen on 0.0.0.0:$PORT.", port, seconds(deadline))}
	default:
		return Diagnosis{ENoPort, fmt.Sprintf("the app never listened on $PORT (%d); it listened on %s. Listen on 0.0.0.0:$PORT.", port, joined(seen.Listeners))}
	}
}

func diagnoseEnd(seen Readiness) Diagnosis {
	switch {
	case seen.OOMKilled:
		return Diagnosis{EOutOfMemory, "the app used more memory than its limit while it started and was killed. Make it use less, or ask for a higher limit."}
	case seen.ExitCode == 0:
		return Diagnosis{EExited, "the app ended by itself (exit code 0) before it answered. The web process must keep running and listen on 0.0.0.0:$PORT."}
	case seen.ExitCode == 127:
		return Diagnosis{ECommandNotFound, "the start command was not found (exit code 127). Check the Procfile or the start script."}
	case seen.ExitCode > 128 && seen.ExitCode < 128+65:
		signal := syscall.Signal(seen.ExitCode - 128)
		return Diagnosis{ECrashed, fmt.Sprintf("the app was ended by signal %d (%s) before it answered. Its last lines above say more.", int(signal), signal)}
	default:
		return Diagnosis{ECrashed, fmt.Sprintf("the app ended with exit code %d before it answered. Its last lines above say why.", seen.ExitCode)}
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
