package builder

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"

	"github.com/buildpacks/pack/pkg/logging"
)

// Bounds of what one build may say.
const (
	maxOutput = 4 << 20
	maxLine   = 8 << 10
)

// Sections of the lifecycle's output, as its headlines name them.
const (
	detecting = "DETECTING"
	building  = "BUILDING"
	exporting = "EXPORTING"
)

var (
	headline   = regexp.MustCompile(`^===> ([A-Z]+)`)
	prefix     = regexp.MustCompile(`^\[(analyzer|detector|restorer|builder|exporter|creator)\] ?`)
	escape     = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]|\x1b\\][^\x07]*\x07")
	failedLine = regexp.MustCompile(`^ERROR (E_[A-Z][A-Z0-9_]{1,60}): (.+)$`)
)

// transcript is pack's logger for one build. It passes on what the buildpacks say, keeps the
// lifecycle's own talk away and remembers what a diagnosis needs.
type transcript struct {
	quiet // pack's warnings and debug lines are about its command line
	log   *slog.Logger

	mu      sync.Mutex // guards what follows
	out     io.Writer  // nil when the build has ended
	rest    []byte     // an unfinished line
	written int
	evidence
}

func newTranscript(out io.Writer, log *slog.Logger) *transcript {
	return &transcript{out: out, log: log, evidence: evidence{suspicion: newSuspicion()}}
}

// evidence is what a diagnosis is made from.
type evidence struct {
	section string
	code    string // of the last ERROR E_CODE: sentence.
	reason  string
	last    string // line of a buildpack
	grumble string // line of the lifecycle that begins with ERROR
	suspicion
}

// Info gets the headlines of a build in several containers.
func (t *transcript) Info(text string) { t.Writer().Write([]byte(text + "\n")) }

// Infof is Info with a format.
func (t *transcript) Infof(format string, args ...any) { t.Info(fmt.Sprintf(format, args...)) }

// Warn goes to the server's log.
func (t *transcript) Warn(text string) { t.log.Debug("pack", "warning", text) }

// Warnf is Warn with a format.
func (t *transcript) Warnf(format string, args ...any) { t.Warn(fmt.Sprintf(format, args...)) }

// Error goes to the server's log.
func (t *transcript) Error(text string) { t.log.Warn("pack", "error", text) }

// Errorf is Error with a format.
func (t *transcript) Errorf(format string, args ...any) { t.Error(fmt.Sprintf(format, args...)) }

// Writer gets what the containers of the build write.
func (t *transcript) Writer() io.Writer { return writerFunc(t.write) }

// WriterForLevel gives every level the same writer.
func (t *transcript) WriterForLevel(logging.Level) io.Writer { return t.Writer() }

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (t *transcript) write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for rest := text; len(rest) > 0; {
		line, after, complete := bytes.Cut(rest, []byte("\n"))
		if room := maxLine - len(t.rest); room > 0 {
			t.rest = append(t.rest, line[:min(room, len(line))]...)
		}
		if complete {
			t.line(clean(t.rest))
			t.rest = t.rest[:0]
		}
		rest = after
	}
	return len(text), nil
}

// clean takes colours, carriage returns and what is not text out of a line.
func clean(line []byte) string {
	text := escape.ReplaceAllString(strings.ToValidUTF8(string(line), "�"), "")
	text = strings.TrimRight(text, "\r")
	text = text[strings.LastIndex(text, "\r")+1:] // progress bars overwrite themselves
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

func (t *transcript) line(text string) {
	text = prefix.ReplaceAllString(text, "")
	if found := headline.FindStringSubmatch(text); found != nil {
		t.enter(found[1])
		return
	}
	if found := failedLine.FindStringSubmatch(text); found != nil {
		t.code, t.reason = found[1], found[2]
		return
	}
	switch {
	case strings.HasPrefix(text, "ERROR: failed to ") || strings.HasPrefix(text, "ERROR: ") && t.section != "" && t.section != building: // pip says ERROR, too
		t.grumble = strings.TrimPrefix(text, "ERROR: ")
		t.look(t.grumble)
	case t.section == building:
		if strings.TrimSpace(text) != "" {
			t.last = strings.TrimSpace(text)
			t.look(text)
		}
		t.say(text)
	}
}

func (t *transcript) enter(section string) {
	t.section = section
	switch section {
	case building:
		t.say("-----> Building")
	case exporting:
		t.say("-----> Exporting the image")
	}
}

// say passes a line on, up to a bound.
func (t *transcript) say(text string) {
	if t.out == nil || t.written > maxOutput {
		return
	}
	if t.written += len(text) + 1; t.written > maxOutput {
		text = "       … the output of this build is longer than 4 MiB; the rest is not shown"
	}
	fmt.Fprintln(t.out, text)
}

// Say adds a line of the platform's own.
func (t *transcript) Say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.say(fmt.Sprintf(format, args...))
}

// close keeps late writes away from the build's output, which belongs to the caller again.
func (t *transcript) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rest) > 0 {
		t.line(clean(t.rest))
	}
	t.out = nil
}

// sayAll passes lines of the platform's own on as they are.
func (t *transcript) sayAll(text []byte) (int, error) {
	t.Say("%s", strings.TrimRight(string(text), "\n"))
	return len(text), nil
}

// seen is the evidence so far.
func (t *transcript) seen() evidence {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.evidence
}
