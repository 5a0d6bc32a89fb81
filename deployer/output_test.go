package deployer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/paastech-cloud/paastech/paas"
)

func TestOutputIsBothStreamsByLines(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := spec("MODE", "chatty")
	s.Deployment, s.Index = 7, 2
	started := run(t, e, s)
	if err := e.Stop(t.Context(), started.ID, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	var all []paas.LogLine
	collect := func(since time.Time) []paas.LogLine {
		t.Helper()
		var lines []paas.LogLine
		if err := e.Output(t.Context(), started.ID, since, func(line paas.LogLine) error {
			lines = append(lines, line)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return lines
	}
	all = collect(time.Time{})
	texts := map[paas.Stream][]string{}
	for _, line := range all {
		texts[line.Stream] = append(texts[line.Stream], line.Text)
		if line.Deployment != 7 || line.Process != "web" || line.Index != 2 || line.Container != started.ID || line.At.Before(started.StartedAt.Add(-time.Minute)) {
			t.Errorf("line: %+v", line)
		}
	}
	out, failures := texts[paas.Stdout], texts[paas.Stderr]
	if len(out) != 22 || len(failures) != 21 || out[8] != "out 7" || failures[8] != "err 7" || out[21] != "cleaned up" {
		t.Errorf("out %q\nerr %q", out, failures)
	}
	later := 0
	for _, line := range all {
		if line.At.After(all[20].At) {
			later++
		}
	}
	if got := collect(all[20].At); len(got) != later || later < 15 {
		t.Errorf("%d lines after line 21, want %d", len(got), later)
	}
}

func TestOddLines(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	started := launch(t, e, spec("MODE", "odd"))
	var texts []string
	if err := e.Output(t.Context(), started.ID, time.Time{}, func(line paas.LogLine) error {
		if line.Stream == paas.Stdout {
			texts = append(texts, line.Text)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"started as 1000",
		strings.Repeat("é", 8192), strings.Repeat("é", 8192), strings.Repeat("é", 20000-2*8192),
		strings.Repeat("x", 16<<10),
		"\x1b[31mred\x1b[0m",
		"no � text", "",
		"not ended",
	}
	if !slices.Equal(texts, want) {
		t.Errorf("%d lines, want %d: %.200q", len(texts), len(want), texts)
	}
}

func TestLinesAreCutBetweenCharacters(t *testing.T) {
	stamp := "2026-01-02T03:04:05.000000006Z "
	long := strings.Repeat("ab€", 10000)
	var got []string
	reader := &outputReader{each: func(line paas.LogLine) error {
		if len(line.Text) > paas.MaxLogLine || !utf8.ValidString(line.Text) || line.At.Nanosecond() != 6 {
			t.Errorf("%d bytes, %s", len(line.Text), line.At)
		}
		got = append(got, line.Text)
		return nil
	}}
	for piece := range slices.Chunk([]byte(long), 1000) {
		if err := reader.take(paas.Stdout, stamp+string(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if err := reader.take(paas.Stdout, stamp+"\n"); err != nil || strings.Join(got, "") != long {
		t.Errorf("%d lines, %v", len(got), err)
	}
	got = nil
	if err := reader.take(paas.Stderr, stamp+strings.Repeat("a\xff", 8000)+"\n"); err != nil || len(got) != 2 || len(strings.Join(got, "")) != 4*8000 {
		t.Errorf("%d lines of what is not UTF-8, %v", len(got), err)
	}
}

func TestOutputIsFollowedToTheEnd(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	started := run(t, e, spec())
	followed := make(chan string, 1)
	go func() {
		var text strings.Builder
		err := e.Output(t.Context(), started.ID, time.Time{}, func(line paas.LogLine) error {
			text.WriteString(line.Text + "\n")
			return nil
		})
		followed <- fmt.Sprint(text.String(), err)
	}()
	ctx, cancel := context.WithCancel(t.Context())
	if err := e.Output(ctx, started.ID, time.Time{}, func(paas.LogLine) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context: %v", err)
	}
	full := errors.New("the disk is full")
	if err := e.Output(t.Context(), started.ID, time.Time{}, func(paas.LogLine) error { return full }); !errors.Is(err, full) {
		t.Errorf("a reader that fails: %v", err)
	}
	if err := e.Stop(t.Context(), started.ID, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	select {
	case text := <-followed:
		if !strings.HasSuffix(text, "cleaned up\n<nil>") {
			t.Errorf("followed: %q", text)
		}
	case <-time.After(10 * time.Second):
		t.Error("following did not end")
	}
}

func TestPace(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	old := time.Now().Add(-2 * outputLag)
	for _, test := range []struct {
		name    string
		backlog int64
		written time.Time
		want    error
	}{
		{"old and more than the engine keeps: it gives up", 0, old, errBehind},
		{"old, as after an absence: it rests", 1 << 30, old, context.Canceled},
		{"new: it rests", 0, time.Now(), context.Canceled},
	} {
		p := &pace{ctx: ended, backlog: test.backlog}
		for range outputBurst >> 20 {
			if err := p.spend(1<<20, test.written); err != nil {
				t.Errorf("%s: within the burst: %v", test.name, err)
			}
		}
		if err := p.spend(1<<20, test.written); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestFloodOfOutputIsPassedOver: of 250 MB in 25 s what can be read without harm is, a line says that
// others are missing, and the last one is there.
func TestFloodOfOutputIsPassedOver(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	started := launch(t, e, spec("MODE", "flood"))
	read, missing, last := 0, 0, ""
	if err := e.Output(t.Context(), started.ID, time.Time{}, func(line paas.LogLine) error {
		if line.Stream == paas.System {
			missing++
			return nil
		}
		read += len(line.Text)
		last = line.Text
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB read, lines are missing in %d places", read/1e6, missing)
	if missing == 0 || read > 150e6 || last != "the flood has ended" {
		t.Errorf("%d MB read, lines are missing in %d places, the last is %q", read/1e6, missing, last)
	}
}
