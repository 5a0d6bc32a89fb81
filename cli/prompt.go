package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// ask reads one line; without a person it is the next line of stdin. At the end of stdin it is empty.
func (c *console) ask(ctx context.Context, question string) (string, error) {
	if c.interactive {
		fmt.Fprintf(c.stderr, "%s: ", question)
	}
	return c.answer(ctx, c.readLine)
}

// askSecret reads one line that a terminal does not show.
func (c *console) askSecret(ctx context.Context, question string) (string, error) {
	file, ok := c.stdin.(*os.File)
	if !ok || !c.interactive {
		return c.answer(ctx, c.readLine)
	}
	terminal := int(file.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("read the terminal's state: %w", err)
	}
	defer term.Restore(terminal, before)
	fmt.Fprintf(c.stderr, "%s: ", question)
	defer fmt.Fprintln(c.stderr)
	return c.answer(ctx, func() (string, error) {
		secret, err := term.ReadPassword(terminal)
		return string(secret), err
	})
}

// confirm asks a question whose answer is yes or no; everything but a clear yes is a no.
func (c *console) confirm(ctx context.Context, question string) (bool, error) {
	answer, err := c.ask(ctx, question+" [y/N]")
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", err
}

// answer waits for read or for the end of ctx. A read of a terminal cannot be called back: it is
// left behind, and ends with the process.
func (c *console) answer(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read()
		done <- result{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case got := <-done:
		return got.line, got.err
	}
}

func (c *console) readLine() (string, error) {
	line, err := c.lines.ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}
