package gitserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// git is the one program that is executed.
type git struct {
	path string
	home string // an empty directory: no configuration of whoever runs the daemon is read
}

func findGit(home string) (git, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return git{}, fmt.Errorf("find git (on Debian: apt-get install git): %w", err)
	}
	path, err = filepath.Abs(path)
	return git{path: path, home: home}, err
}

// environment is all that git gets to know.
func (g git) environment(more ...string) []string {
	return append([]string{
		"PATH=" + filepath.Dir(g.path) + ":/usr/local/bin:/usr/bin:/bin",
		"HOME=" + g.home,
		"XDG_CONFIG_HOME=" + g.home,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"LC_ALL=C",
	}, more...)
}

// command prepares git in a process group of its own; the end of ctx kills the whole group.
func (g git) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := g.prepare(exec.CommandContext(ctx, g.path, args...))
	cmd.Cancel = func() error { return signalGroup(cmd, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// prepare gives a git process its surroundings.
func (g git) prepare(cmd *exec.Cmd, environment ...string) *exec.Cmd {
	cmd.Env = g.environment(environment...)
	cmd.Dir = g.home
	ownGroup(cmd)
	return cmd
}

// run executes git to its end and returns what it printed.
func (g git) run(ctx context.Context, args ...string) (string, error) {
	cmd := g.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, firstLine(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// exitCode is the process's own, 1 for one that was killed or never ran.
func exitCode(err error) int {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return 0
	case ok && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	return 1
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
