package cnb

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// caBundle is where the Debian images keep trusted certificates; a host behind an intercepting
// proxy mounts its own bundle there.
const caBundle = "/etc/ssl/certs/ca-certificates.crt"

// caVariables are the names by which the package managers' runtimes are told about a bundle:
// the lifecycle clears the environment, so they have to be set again here.
var caVariables = [...]string{"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO"}

// Environment is the set of variables a buildpack sees and hands on.
type Environment map[string]string

// readEnvironment starts from the process's own variables and adds the user's build variables
// (one file each under <platform>/env) where the lifecycle has not merged them already.
func readEnvironment(platformDir string) Environment {
	env := Environment{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	entries, err := os.ReadDir(filepath.Join(platformDir, "env"))
	if err != nil {
		return env
	}
	for _, entry := range entries {
		if value, err := os.ReadFile(filepath.Join(platformDir, "env", entry.Name())); err == nil {
			env.Default(entry.Name(), string(value))
		}
	}
	return env
}

// Get is the value of name, without surrounding space; "" when unset.
func (e Environment) Get(name string) string { return strings.TrimSpace(e[name]) }

// Default sets name unless it is set already.
func (e Environment) Default(name, value string) {
	if _, ok := e[name]; !ok {
		e[name] = value
	}
}

// With is a copy in which the given name, value pairs are set.
func (e Environment) With(pairs ...string) Environment {
	out := make(Environment, len(e)+len(pairs)/2)
	for name, value := range e {
		out[name] = value
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// WithPath is a copy whose PATH starts with dirs.
func (e Environment) WithPath(dirs ...string) Environment {
	return e.With("PATH", strings.Join(append(slices.Clone(dirs), e["PATH"]), ":"))
}

// list is the environment as os/exec wants it.
func (e Environment) list() []string {
	out := make([]string, 0, len(e))
	for name, value := range e {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}

// prepareForCommands fills in what compilers and package managers expect: a HOME they may write
// to, and the certificates of the image.
func (e Environment) prepareForCommands(tempDir string) {
	e["HOME"] = tempDir
	if _, err := os.Stat(caBundle); err == nil {
		for _, name := range caVariables {
			e.Default(name, caBundle)
		}
	}
}
