package cnb

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// outputKept is how much of a command's output is kept for finding out why it failed.
const outputKept = 256 << 10

// Command is a program to run during the build.
type Command struct {
	Dir  string // the application's directory when empty
	Env  Environment
	Args []string // the program, looked up on Env's PATH, and its arguments
}

// Run runs the command with its output going to the build log, and returns the end of that output.
func (b *Build) Run(ctx context.Context, c Command) (string, error) {
	kept := &tail{limit: outputKept}
	err := b.start(ctx, c, io.MultiWriter(b.Log, kept))
	return kept.String(), err
}

// Output runs the command silently and returns what it printed, without surrounding space.
func (b *Build) Output(ctx context.Context, c Command) (string, error) {
	kept := &tail{limit: outputKept}
	err := b.start(ctx, c, kept)
	return strings.TrimSpace(kept.String()), err
}

func (b *Build) start(ctx context.Context, c Command, out io.Writer) error {
	env := c.Env
	if env == nil {
		env = b.Env
	}
	program, err := lookPath(c.Args[0], env["PATH"])
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, c.Args[1:]...)
	cmd.Args[0] = c.Args[0]
	cmd.Dir = c.Dir
	if cmd.Dir == "" {
		cmd.Dir = b.AppDir
	}
	cmd.Env = env.list()
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run()
}

// lookPath looks on the PATH that the command will have, which is not this process's own.
func lookPath(program, path string) (string, error) {
	if filepath.IsAbs(program) {
		return program, nil
	}
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("run %s: %w", program, exec.ErrNotFound)
}

// tail keeps the last limit bytes written to it, or a little more.
type tail struct {
	bytes.Buffer
	limit int
}

// Write keeps p and forgets what is too old.
func (t *tail) Write(p []byte) (int, error) {
	if t.Len() > 2*t.limit {
		t.Next(t.Len() - t.limit)
	}
	return t.Buffer.Write(p)
}
