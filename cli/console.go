package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// console is the person, or the script, at the other end. Results go to stdout; progress, questions
// and remarks go to stderr.
type console struct {
	stdin          io.Reader
	lines          *bufio.Reader // over stdin
	stdout, stderr io.Writer
	interactive    bool // a person can be asked
	colour         bool
	json           bool // results as JSON
}

func newConsole(program Program) *console {
	return &console{
		stdin:       program.Stdin,
		lines:       bufio.NewReader(program.Stdin),
		stdout:      program.Stdout,
		stderr:      program.Stderr,
		interactive: isTerminal(program.Stdin) && isTerminal(program.Stderr),
		colour:      isTerminal(program.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// say prints a line of the result.
func (c *console) say(format string, args ...any) {
	fmt.Fprintf(c.stdout, format+"\n", args...)
}

// note prints a line that is not part of the result.
func (c *console) note(format string, args ...any) {
	fmt.Fprintf(c.stderr, format+"\n", args...)
}

// emit prints a result: as the API's own JSON when that was asked for, else as human shows it.
func (c *console) emit(content any, human func()) error {
	if !c.json {
		human()
		return nil
	}
	encoder := json.NewEncoder(c.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(content)
}

// colours of the words that projects and deployments show (ECMA-48 "select graphic rendition").
var colours = map[string]string{
	"running": "32", "live": "32",
	"starting": "33", "building": "33", "queued": "33", "stopping": "33", "unhealthy": "33",
	"crashing": "31", "failed": "31",
	"✓": "32", "✗": "31",
	"stopped": "2", "superseded": "2", "canceled": "2", "new": "2",
}

func (c *console) paint(word string) string {
	code, known := colours[strings.TrimSpace(word)]
	if !c.colour || !known {
		return word
	}
	return "\x1b[" + code + "m" + word + "\x1b[0m"
}

// table prints rows below their header, every column as wide as its widest cell.
func (c *console) table(header []string, rows [][]string) {
	widths := make([]int, len(header))
	lines := append([][]string{header}, rows...)
	for _, line := range lines {
		for i, cell := range line {
			line[i] = printable(cell)
			widths[i] = max(widths[i], len([]rune(line[i])))
		}
	}
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			padding := strings.Repeat(" ", widths[i]-len([]rune(cell))+2)
			if i == len(line)-1 {
				padding = ""
			}
			text.WriteString(c.paint(cell) + padding)
		}
		c.say("%s", strings.TrimRight(text.String(), " "))
	}
}

// facts prints name and value pairs below each other; pairs without a value are left out.
func (c *console) facts(pairs ...string) {
	width := 0
	for i := 0; i < len(pairs); i += 2 {
		width = max(width, len(pairs[i]))
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			c.say("%-*s  %s", width, pairs[i], c.paint(printable(pairs[i+1])))
		}
	}
}

// printable shows control characters as escapes: what others typed must not steer a terminal.
func printable(text string) string {
	if !strings.ContainsFunc(text, unsafeRune) {
		return text
	}
	var safe strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			safe.WriteString(`\n`)
		case r == '\t':
			safe.WriteString(`\t`)
		case unsafeRune(r):
			fmt.Fprintf(&safe, `\u%04x`, r)
		default:
			safe.WriteRune(r)
		}
	}
	return safe.String()
}

// unsafeRune tells control and invisible formatting characters (bidirectional overrides too).
func unsafeRune(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
