// Package procfile names an application's processes by the Procfile at its root.
package procfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// FileName is what the file is called.
const FileName = "Procfile"

// processName is what a process may be called.
var processName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Entry is one line of a Procfile.
type Entry struct {
	Process string
	Command string
}

// Buildpack is the buildpack.
func Buildpack() cnb.Buildpack {
	return cnb.Buildpack{Detect: detect, Build: build}
}

func detect(source cnb.Source) (cnb.Plan, bool, error) {
	return cnb.Plan{}, source.Has(FileName), nil
}

func build(_ context.Context, b *cnb.Build) error {
	entries, err := Read(b.Source)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return cnb.Failf(cnb.CodeBadProcfile, "the Procfile is empty. Write a line such as `web: ./server` or remove it.")
	}
	processes := make([]cnb.Process, len(entries))
	for i, entry := range entries {
		processes[i] = cnb.NewProcess(entry.Process, entry.Command)
	}
	return b.WriteProcesses(processes)
}

// Read is the lines of the application's Procfile; none when it has no Procfile.
func Read(source cnb.Source) ([]Entry, error) {
	content, err := os.ReadFile(filepath.Join(source.AppDir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, cnb.Failf(cnb.CodeBadProcfile, "the Procfile cannot be read: %v.", err)
	}
	return parse(string(content))
}

// HasWeb says whether the Procfile names the process that answers on $PORT.
func HasWeb(source cnb.Source) bool {
	entries, err := Read(source)
	return err == nil && slices.ContainsFunc(entries, func(e Entry) bool { return e.Process == cnb.Web })
}

func parse(content string) ([]Entry, error) {
	var entries []Entry
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, command, ok := strings.Cut(line, ":")
		entry := Entry{Process: strings.TrimSpace(name), Command: strings.TrimSpace(command)}
		if !ok || entry.Command == "" || !processName.MatchString(entry.Process) || strings.ContainsRune(line, 0) {
			return nil, cnb.Failf(cnb.CodeBadProcfile, "line %d of the Procfile is not `name: command`. Write a line such as `web: ./server`.", number)
		}
		if slices.ContainsFunc(entries, func(e Entry) bool { return e.Process == entry.Process }) {
			return nil, cnb.Failf(cnb.CodeBadProcfile, "line %d of the Procfile names the process %q a second time. Give every process a name of its own.", number, entry.Process)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
