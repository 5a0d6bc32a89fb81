package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// operation is one thing that an installation, or its removal, consists of. What is done already is not done
// again, and one that was interrupted is done anew.
type operation interface {
	// String says what it does, like "write /etc/paastech/config.yaml".
	String() string

	// done tells whether nothing is left to do.
	done(ctx context.Context) (bool, error)

	do(ctx context.Context) error
}

// installedDirectory is there, for root alone or as its mode says.
type installedDirectory struct {
	path string
	mode fs.FileMode
}

func (d installedDirectory) String() string { return fmt.Sprintf("make %s (mode %o)", d.path, d.mode) }

func (d installedDirectory) done(context.Context) (bool, error) {
	found, err := os.Stat(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil && !found.IsDir() {
		err = fmt.Errorf("%s is in the way: a directory is to be there", d.path)
	}
	return err == nil && found.Mode().Perm() == d.mode, err
}

func (d installedDirectory) do(context.Context) error {
	return errors.Join(os.MkdirAll(d.path, d.mode), os.Chmod(d.path, d.mode))
}

// installedFile is there with a content. One to keep is somebody's own once it is there.
type installedFile struct {
	path    string
	content []byte
	mode    fs.FileMode
	keep    bool
}

func (f installedFile) String() string { return "write " + f.path }

func (f installedFile) done(context.Context) (bool, error) {
	found, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && (f.keep || bytes.Equal(found, f.content)), err
}

func (f installedFile) do(context.Context) error { return writeWithMode(f.path, f.content, f.mode) }

// installedProgram is this very program, in its place.
type installedProgram struct {
	from, to string
}

func (p installedProgram) String() string { return fmt.Sprintf("copy this program to %s", p.to) }

func (p installedProgram) done(ctx context.Context) (bool, error) {
	here, err := os.ReadFile(p.from)
	if err != nil {
		return false, err
	}
	return installedFile{path: p.to, content: here}.done(ctx)
}

func (p installedProgram) do(context.Context) error {
	content, err := os.ReadFile(p.from)
	if err != nil {
		return err
	}
	return writeWithMode(p.to, content, 0o755)
}

// removedFile is not there any more.
type removedFile struct {
	path string
}

func (r removedFile) String() string { return "remove " + r.path }

func (r removedFile) done(context.Context) (bool, error) {
	_, err := os.Lstat(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

func (r removedFile) do(context.Context) error {
	return errors.Join(os.Remove(r.path), syncDir(filepath.Dir(r.path)))
}

// runningUnits are enabled, and run as their files say now.
type runningUnits struct {
	sockets []string
	changed *bool // a file that they were started from is another by now
}

func (u runningUnits) String() string {
	return "start " + strings.Join(append(slices.Clone(u.sockets), serviceUnit), ", ")
}

func (u runningUnits) done(ctx context.Context) (bool, error) {
	if *u.changed {
		return false, nil
	}
	for _, unit := range append(slices.Clone(u.sockets), serviceUnit) {
		for _, question := range []string{"is-enabled", "is-active"} {
			if systemctl(ctx, question, "--quiet", unit) != nil {
				return false, nil
			}
		}
		if stale, err := exec.CommandContext(ctx, "systemctl", "show", "--property=NeedDaemonReload", "--value", unit).Output(); err != nil || string(bytes.TrimSpace(stale)) != "no" {
			return false, nil // its file was written, and what came after was interrupted
		}
	}
	return true, nil
}

// do restarts the sockets with the daemon: systemd does not open one that a service has already. It is the one
// moment of an installation in which connections are refused, and only comes when something has changed.
func (u runningUnits) do(ctx context.Context) error {
	all := append(slices.Clone(u.sockets), serviceUnit)
	if systemctl(ctx, "is-active", "--quiet", serviceUnit) == nil { // first: if this is interrupted, what does not run says so
		if err := systemctl(ctx, "stop", serviceUnit); err != nil {
			return err
		}
	}
	for _, arguments := range [][]string{
		{"daemon-reload"},
		append([]string{"enable", "--quiet"}, all...),
		append([]string{"restart"}, u.sockets...),
		{"start", serviceUnit},
	} {
		if err := systemctl(ctx, arguments...); err != nil {
			return err
		}
	}
	return nil
}

// endedUnits run no longer, nor at the next start of the host.
type endedUnits struct {
	units []string
}

func (u endedUnits) String() string { return "stop and disable " + strings.Join(u.units, ", ") }

func (u endedUnits) done(context.Context) (bool, error) { return len(u.units) == 0, nil }

func (u endedUnits) do(ctx context.Context) error {
	return systemctl(ctx, append([]string{"disable", "--quiet", "--now"}, u.units...)...)
}

// forgottenUnits are what systemd no longer knows, once their files are gone.
type forgottenUnits struct {
	had bool
}

func (forgottenUnits) String() string { return "have systemd read its units again" }

func (f forgottenUnits) done(context.Context) (bool, error) { return !f.had, nil }

func (forgottenUnits) do(ctx context.Context) error { return systemctl(ctx, "daemon-reload") }

// work is any other operation.
type work struct {
	says string
	left bool
	run  func(ctx context.Context) error
}

func (w work) String() string { return w.says }

func (w work) done(context.Context) (bool, error) { return !w.left, nil }

func (w work) do(ctx context.Context) error { return w.run(ctx) }

// systemctl fails with what it says.
func systemctl(ctx context.Context, arguments ...string) error {
	out, err := exec.CommandContext(ctx, "systemctl", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("systemctl %s: %w\n%s", strings.Join(arguments, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
