package cnb

import (
	"fmt"
	"io"
	"strings"
)

// Code is the stable name of a reason for which a build was given up.
type Code string

// The reasons our buildpacks give.
const (
	CodeBadManifest      Code = "E_BAD_MANIFEST"         // package.json, go.mod or pyproject.toml cannot be read
	CodeBadProcfile      Code = "E_BAD_PROCFILE"         // a line of the Procfile is not `name: command`
	CodeRuntimeVersion   Code = "E_RUNTIME_VERSION"      // the language version asked for does not exist or cannot be had
	CodeRegistry         Code = "E_REGISTRY_UNREACHABLE" // a package registry gave no or a wrong answer
	CodeLockfileMismatch Code = "E_LOCKFILE_MISMATCH"    // manifest and lock file disagree
	CodeInstallFailed    Code = "E_INSTALL_FAILED"       // dependencies could not be installed
	CodeBuildScript      Code = "E_BUILD_SCRIPT_FAILED"  // a script of package.json failed or is missing
	CodeGoBuild          Code = "E_GO_BUILD_FAILED"      // the Go compiler or module download failed
	CodeNoStartCommand   Code = "E_NO_START_COMMAND"     // nothing says how to start the application
	CodeWebServer        Code = "E_WEB_SERVER"           // a web server is asked for that is not here
	CodeWebRootMissing   Code = "E_WEB_ROOT_MISSING"     // the directory to serve is not there
	CodeInternal         Code = "E_BUILDPACK"            // the buildpack itself failed (disk full, bad layer)
)

// Failure is an error with a code and a sentence for the person who pushed.
type Failure struct {
	Code     Code
	Sentence string // ends with a full stop
}

// Failf makes a Failure; the sentence is formatted as by fmt.Sprintf.
func Failf(code Code, format string, args ...any) *Failure {
	return &Failure{Code: code, Sentence: fmt.Sprintf(format, args...)}
}

// Error is the sentence after its code.
func (f *Failure) Error() string { return string(f.Code) + ": " + f.Sentence }

// report writes the line that readers of the log look for. A sentence stays one line, whatever
// a file name or an error text carried into it.
func (f *Failure) report(w io.Writer) {
	fmt.Fprintf(w, "ERROR %s: %s\n", f.Code, strings.Join(strings.Fields(f.Sentence), " "))
}
