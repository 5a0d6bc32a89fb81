package cnb

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
)

// Web is the process type that answers on $PORT.
const Web = "web"

// shellSyntax is every character that means more than itself to a shell.
const shellSyntax = "$`\"'\\|&;<>()*?[]#~{}!\n"

// Process is one line of an image's process table.
type Process struct {
	Type    string   `toml:"type"`
	Command []string `toml:"command"`
	Default bool     `toml:"default,omitempty"`
}

// NewProcess makes a process of a command line; "web" is the default one. Plain words are
// executed as they are. Anything that needs a shell runs in the container's own bash, which
// replaces itself by a simple command and so lets signals through.
func NewProcess(processType, line string) Process {
	return Process{Type: processType, Command: Argv(line), Default: processType == Web}
}

// Argv is how line is executed: its words, or bash when it has shell syntax or starts with an
// assignment.
func Argv(line string) []string {
	words := strings.Fields(line)
	if len(words) == 0 || strings.ContainsAny(line, shellSyntax) || strings.Contains(words[0], "=") {
		return []string{"bash", "-c", strings.TrimSpace(line)}
	}
	return words
}

// WriteProcesses declares the processes of the image.
func (b *Build) WriteProcesses(processes []Process) error {
	var text bytes.Buffer
	table := struct {
		Processes []Process `toml:"processes"`
	}{processes}
	if err := toml.NewEncoder(&text).Encode(table); err != nil {
		return fmt.Errorf("encode processes: %w", err)
	}
	for _, process := range processes {
		b.Logf("process %s: %s", process.Type, strings.Join(process.Command, " "))
	}
	return os.WriteFile(filepath.Join(b.LayersDir, "launch.toml"), text.Bytes(), 0o644)
}
