package gitserver

import (
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// maxLine is where a line that does not end is broken.
const maxLine = 4 << 10

// lines passes text on in whole lines that a terminal cannot be steered with: colours, cursor
// movements and other control characters are left out. It never fails: who does not listen any more
// must not stop the work.
type lines struct {
	mu       sync.Mutex
	out      io.Writer // guarded by mu
	pending  []byte    // guarded by mu
	returned bool      // guarded by mu: the last byte was a carriage return
}

// Write takes text from builds and from the platform, in any pieces. What follows a lone carriage
// return would be written over the line: here it is the next line.
func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range text {
		switch {
		case b == '\n':
			l.emit()
		case b == '\r':
			l.returned = true
		default:
			if l.returned {
				l.emitVisible()
			}
			l.pending = append(l.pending, b)
			if len(l.pending) >= maxLine {
				l.emit()
			}
		}
	}
	return len(text), nil
}

// Flush passes on a last line that has no end.
func (l *lines) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.emitVisible()
}

func (l *lines) emitVisible() {
	if len(l.pending) > 0 {
		l.emit()
	}
}

func (l *lines) emit() {
	line := plain(string(l.pending)) + "\n"
	l.pending, l.returned = l.pending[:0], false
	io.WriteString(l.out, line)
}

// escapes are the terminal sequences of ECMA-48: CSI, OSC and the two-character ones.
var escapes = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -~])`)

func plain(line string) string {
	if strings.IndexByte(line, 0x1b) >= 0 {
		line = escapes.ReplaceAllString(line, "")
	}
	return strings.Map(func(r rune) rune {
		if r == '\t' || !unicode.IsControl(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(line, "\ufffd"))
}
