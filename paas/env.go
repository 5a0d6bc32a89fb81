package paas

import (
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a project's environment (API.md, "Rules for input").
const (
	MaxEnvKey   = 128
	MaxEnvValue = 32 << 10
	MaxEnvVars  = 256
	DefaultPort = 8080
)

// Env is a set of environment variables of an application or of a build.
type Env map[string]Secret

// EnvKeyPattern is what names of variables look like.
const EnvKeyPattern = `^[A-Za-z_][A-Za-z0-9_]*$`

var envKey = regexp.MustCompile(EnvKeyPattern)

// ValidateEnvKey says what is wrong with the name of a variable.
func ValidateEnvKey(key string) error {
	switch {
	case len(key) > MaxEnvKey:
		return InvalidField(key[:32]+"…", "An environment variable's name has at most %d characters.", MaxEnvKey)
	case !envKey.MatchString(key):
		return InvalidField(key, "%q is not a name for an environment variable: use letters, digits and _, and do not start with a digit.", key)
	case strings.HasPrefix(key, "PAASTECH_"):
		return InvalidField(key, "%s: names that begin with PAASTECH_ are the platform's own.", key)
	}
	return nil
}

// Validate checks every key and value against the rules for input.
func (e Env) Validate() error {
	if len(e) > MaxEnvVars {
		return InvalidField("env", "A project has at most %d environment variables; these are %d.", MaxEnvVars, len(e))
	}
	for _, key := range slices.Sorted(maps.Keys(e)) {
		if err := ValidateEnvKey(key); err != nil {
			return err
		}
		value := e[key].Reveal()
		if len(value) > MaxEnvValue {
			return InvalidField(key, "%s: a value has at most %d bytes.", key, MaxEnvValue)
		}
		if strings.ContainsRune(value, 0) {
			return InvalidField(key, "%s: a value cannot contain a NUL byte.", key)
		}
	}
	if port, ok := e["PORT"]; ok {
		if n, err := strconv.Atoi(port.Reveal()); err != nil || n < 1 || n > 65535 {
			return InvalidField("PORT", "PORT is a number from 1 to 65535.")
		}
	}
	return nil
}

// Port is where the application is told to listen: PORT when it is set, else DefaultPort.
func (e Env) Port() int {
	if n, err := strconv.Atoi(e["PORT"].Reveal()); err == nil && n > 0 && n < 65536 {
		return n
	}
	return DefaultPort
}

// With returns a copy of e with the changes applied; a nil value removes its key.
func (e Env) With(changes map[string]*Secret) Env {
	changed := maps.Clone(e)
	if changed == nil {
		changed = Env{}
	}
	for key, value := range changes {
		if value == nil {
			delete(changed, key)
		} else {
			changed[key] = *value
		}
	}
	return changed
}

// Lines returns KEY=value lines, sorted, as a process environment wants them.
func (e Env) Lines() []string {
	lines := make([]string, 0, len(e))
	for _, key := range slices.Sorted(maps.Keys(e)) {
		lines = append(lines, fmt.Sprintf("%s=%s", key, e[key].Reveal()))
	}
	return lines
}

// equalEnv compares two sets; nil and empty are the same.
func equalEnv(a, b Env) bool { return maps.Equal(a, b) }

// LogValue shows the names alone.
func (e Env) LogValue() slog.Value { return slog.AnyValue(slices.Sorted(maps.Keys(e))) }
