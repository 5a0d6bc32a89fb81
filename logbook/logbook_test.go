package logbook_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/logbook"
	"github.com/paastech-cloud/paastech/paas"
)

const (
	project = paas.ProjectID("11111111-2222-4333-8444-555555555555")
	other   = paas.ProjectID("aaaaaaaa-2222-4333-8444-555555555555")
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// shelf is a logbook in a folder that outlives it.
type shelf struct {
	*logbook.Logbook
	t      *testing.T
	dir    string
	log    *said
	cancel context.CancelFunc
	ended  chan error
}

// said keeps what is logged.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) contains(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text.String(), text)
}

func open(t *testing.T, dir string, perProject int64) *shelf {
	t.Helper()
	s := &shelf{t: t, dir: dir, log: &said{}, ended: make(chan error, 1)}
	book, err := logbook.Open(logbook.Options{Dir: dir, PerProject: perProject, Log: slog.New(slog.NewTextHandler(s.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	s.Logbook = book
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	go func() { s.ended <- book.Run(ctx) }()
	t.Cleanup(s.close)
	return s
}

// close ends it in an orderly way; a second time nothing happens.
func (s *shelf) close() {
	s.cancel()
	if err, ok := <-s.ended; ok {
		close(s.ended)
		if err != nil {
			s.t.Errorf("Run: %v", err)
		}
	}
}

func (s *shelf) append(id paas.ProjectID, lines ...paas.LogLine) {
	s.t.Helper()
	if err := s.Append(s.t.Context(), id, lines...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) texts(id paas.ProjectID, query paas.LogQuery) (texts []string) {
	s.t.Helper()
	for line, err := range s.Read(s.t.Context(), id, query) {
		if err != nil {
			s.t.Fatal(err)
		}
		texts = append(texts, line.Text)
	}
	return texts
}

func (s *shelf) size(id paas.ProjectID) int64 {
	s.t.Helper()
	size, err := s.Size(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return size
}

func (s *shelf) seen(id paas.ProjectID, container paas.ContainerID) time.Time {
	s.t.Helper()
	seen, err := s.Seen(s.t.Context(), id, container)
	if err != nil {
		s.t.Fatal(err)
	}
	return seen
}

// files are the segments of a project, oldest first.
func (s *shelf) files(id paas.ProjectID, suffix string) []string {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, string(id), "*"+suffix))
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func line(n int, text string) paas.LogLine {
	return paas.LogLine{
		At: noon.Add(time.Duration(n) * time.Second), Deployment: 1, Process: "web", Index: 1,
		Container: "c1", Stream: paas.Stdout, Text: text,
	}
}

// noise is a text that cannot be compressed much.
func noise(random *rand.Rand, length int) string {
	text := make([]byte, length)
	for i := range text {
		text[i] = byte(' ' + random.IntN(95))
	}
	return string(text)
}

func numbered(from, to int) (texts []string) {
	for n := from; n < to; n++ {
		texts = append(texts, fmt.Sprintf("line %d", n))
	}
	return texts
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%s: line %d of %d is %q, want %q of %d", what, i, len(got), got[i], want[i], len(want))
		}
	}
	t.Fatalf("%s: %d lines, want %d", what, len(got), len(want))
}

func TestLinesAreReadAsTheyCame(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	lines := []paas.LogLine{
		line(0, "first"), line(1, ""), line(2, "tab\there, \r and ünïcode"),
		{At: noon, Deployment: 7, Process: "worker", Index: 3, Container: "c2", Stream: paas.Stderr, Text: "earlier, but it came later"},
		{At: noon.Add(time.Hour), Stream: paas.System, Text: "the platform's own word"},
	}
	check := func(s *shelf) {
		t.Helper()
		var got []paas.LogLine
		for line, err := range s.Read(t.Context(), project, paas.LogQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, line)
		}
		if !slices.Equal(got, lines) {
			t.Errorf("got %v\nwant %v", got, lines)
		}
	}
	s.append(project, lines[:2]...)
	s.append(project, lines[2:]...)
	check(s)
	s.close()
	check(open(t, s.dir, 0))
}

func TestTextsAreCutIntoLines(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	long := strings.Repeat("é", paas.MaxLogLine)
	s.append(project, line(0, "two\nlines"), line(1, "not \xff text"), line(2, long))
	got := s.texts(project, paas.LogQuery{})
	equal(t, "cut", got[:3], []string{"two", "lines", "not \uFFFD text"})
	if strings.Join(got[3:], "") != long || len(got) != 5 {
		t.Errorf("a long line became %d", len(got)-3)
	}
}

func TestQueries(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	for n := range 10 {
		l := line(n, fmt.Sprintf("Line %d", n))
		l.Index, l.Deployment = n%2+1, n/5+1
		if n%5 == 4 {
			l.Process = "worker"
		}
		s.append(project, l)
	}
	s.append(other, line(0, "another's"))
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	for name, test := range map[string]struct {
		query paas.LogQuery
		want  string // the numbers of the lines
	}{
		"all":                {paas.LogQuery{}, "0123456789"},
		"tail":               {paas.LogQuery{Tail: 3}, "789"},
		"more than there is": {paas.LogQuery{Tail: 30}, "0123456789"},
		"since":              {paas.LogQuery{Since: at(7)}, "789"},
		"until":              {paas.LogQuery{Until: at(2)}, "012"},
		"between":            {paas.LogQuery{Since: at(3), Until: at(5)}, "345"},
		"later than all":     {paas.LogQuery{Since: at(100)}, ""},
		"process":            {paas.LogQuery{Process: "worker"}, "49"},
		"process and index":  {paas.LogQuery{Process: "web.2"}, "1357"},
		"no such process":    {paas.LogQuery{Process: "clock"}, ""},
		"no such index":      {paas.LogQuery{Process: "web.9"}, ""},
		"deployment":         {paas.LogQuery{Deployment: 2}, "56789"},
		"grep":               {paas.LogQuery{Grep: "lINE 6"}, "6"},
		"grep nothing":       {paas.LogQuery{Grep: "line 66"}, ""},
		"tail of grep":       {paas.LogQuery{Grep: "line", Tail: 1, Process: "web", Deployment: 1}, "3"},
		"tail before":        {paas.LogQuery{Tail: 2, Until: at(4)}, "34"},
	} {
		got := ""
		for _, text := range s.texts(project, test.query) {
			got += strings.TrimPrefix(text, "Line ")
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestQueriesOverManySegments(t *testing.T) {
	const lines = 8000
	s := open(t, t.TempDir(), 8<<20)
	for n := range lines {
		s.append(project, line(n, fmt.Sprintf("line %d", n)), line(n, strings.Repeat("filler ", 60)))
	}
	eventually(t, "segments are compressed", func() bool { return len(s.files(project, ".zst")) > 10 && len(s.files(project, ".log")) <= 1 })
	check := func(s *shelf) {
		t.Helper()
		equal(t, "all", s.texts(project, paas.LogQuery{Grep: "LINE "}), numbered(0, lines))
		equal(t, "tail", s.texts(project, paas.LogQuery{Grep: "line ", Tail: 5000}), numbered(lines-5000, lines))
		query := paas.LogQuery{Grep: "line ", Since: noon.Add(3000 * time.Second), Until: noon.Add(3009 * time.Second)}
		equal(t, "between", s.texts(project, query), numbered(3000, 3010))
		if seen := s.seen(project, "c1"); !seen.Equal(noon.Add((lines - 1) * time.Second)) {
			t.Errorf("seen at %s", seen)
		}
	}
	check(s)
	s.close()
	check(open(t, s.dir, 8<<20))
}

func TestAnIDMayNotLeaveTheFolder(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "logs"), 0)
	for _, id := range []paas.ProjectID{"", ".", "..", "../x", "/etc", project + "/..", "..\x00"} {
		_, sizeErr := s.Size(t.Context(), id)
		_, seenErr := s.Seen(t.Context(), id, "c1")
		var readErr error
		for _, readErr = range s.Read(t.Context(), id, paas.LogQuery{Follow: true}) {
			break
		}
		for _, err := range []error{s.Append(t.Context(), id, line(0, "x")), s.Forget(t.Context(), id), sizeErr, seenErr, readErr} {
			if !paas.IsKind(err, paas.Invalid) {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(s.dir)); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestNobodyElseMayReadLogs(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "logs"), 0)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 5000 {
		s.append(project, line(n, noise(random, 1000)))
	}
	eventually(t, "a compressed segment", func() bool { return len(s.files(project, ".zst")) > 0 })
	s.close()
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[entry.IsDir()]; err == nil && info.Mode().Perm() != want {
			t.Errorf("%s: %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
