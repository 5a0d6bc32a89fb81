package logbook_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestTheQuotaIsHeld(t *testing.T) {
	const quota = 2 << 20
	s := open(t, t.TempDir(), quota)
	random := rand.New(rand.NewPCG(1, 2))
	lines := 10 * quota / 1000
	for n := range lines {
		s.append(project, line(n, fmt.Sprintf("line %d %s", n, noise(random, 1000))))
		if size := s.size(project); n%100 == 0 && size > quota {
			t.Fatalf("%d bytes after %d lines", size, n)
		}
	}
	s.close()
	var onDisk int64
	for _, file := range s.files(project, "") {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		onDisk += info.Size()
	}
	if size := s.size(project); size != onDisk || size > quota || size < quota/2 {
		t.Errorf("%d bytes, on disk %d", size, onDisk)
	}
	s = open(t, s.dir, quota)
	texts := s.texts(project, paas.LogQuery{})
	// What was not compressed yet when it was closed may be by now.
	if s.size(project) > onDisk || len(texts) < lines/20 {
		t.Errorf("%d bytes and %d lines later", s.size(project), len(texts))
	}
	for i, text := range texts {
		if want := fmt.Sprintf("line %d ", lines-len(texts)+i); !strings.HasPrefix(text, want) {
			t.Fatalf("%.20q, want %q: the newest lines are kept", text, want)
		}
	}
}

// The line of a quiet container gives way to a loud one's, but it is not forgotten that it was kept.
func TestSeenOutlivesItsLine(t *testing.T) {
	s := open(t, t.TempDir(), 512<<10)
	quiet := line(5, "once")
	quiet.Container = "quiet"
	s.append(project, quiet)
	ending := line(9999, "the platform's word")
	ending.Container, ending.Stream = "quiet", paas.System
	s.append(project, ending)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 2000 {
		s.append(project, line(n, noise(random, 1000)))
	}
	s.close()
	s = open(t, s.dir, 512<<10)
	if seen := s.seen(project, "quiet"); !seen.Equal(quiet.At) {
		t.Errorf("seen at %s", seen)
	}
	if seen := s.seen(project, "never"); !seen.IsZero() {
		t.Errorf("seen at %s", seen)
	}
	if got := s.texts(project, paas.LogQuery{Grep: "once"}); len(got) != 0 {
		t.Errorf("%d lines", len(got))
	}
}

func TestForget(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	for range 2 {
		s.append(project, line(0, "line 0"))
		s.append(other, line(1, "line 1"))
		if projects, err := s.Projects(t.Context()); err != nil || len(projects) != 2 {
			t.Fatalf("%v, %v", projects, err)
		}
		for range 2 {
			if err := s.Forget(t.Context(), project); err != nil {
				t.Fatal(err)
			}
		}
		projects, err := s.Projects(t.Context())
		if err != nil || !slices.Equal(projects, []paas.ProjectID{other}) {
			t.Errorf("%v, %v", projects, err)
		}
		if texts := s.texts(project, paas.LogQuery{}); len(texts) != 0 || s.size(project) != 0 || !s.seen(project, "c1").IsZero() {
			t.Errorf("left: %v", texts)
		}
	}
	equal(t, "another's", s.texts(other, paas.LogQuery{}), []string{"line 1", "line 1"})
}

func TestTrimRemovesTheOldestOfAll(t *testing.T) {
	s := open(t, t.TempDir(), 8<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 2000 { // one's lines are all older than the other's
		s.append(project, line(n, noise(random, 1000)))
		s.append(other, line(n+5000, noise(random, 1000)))
	}
	s.close()
	s = open(t, s.dir, 8<<20)
	for _, id := range []paas.ProjectID{project, other} {
		s.seen(id, "c1") // an earlier life's closed segments are compressed once somebody asks for a log
		eventually(t, "segments are compressed", func() bool { return len(s.files(id, ".log")) <= 1 })
	}
	before := s.size(other)
	for _, test := range []struct {
		budget                      int64
		projectIsLeft, otherIsWhole bool
	}{{100 << 20, true, true}, {before + 1_000_000, true, true}, {before, false, true}, {before / 2, false, false}, {0, false, false}} {
		if err := s.Trim(t.Context(), test.budget); err != nil {
			t.Fatal(err)
		}
		older, newer := s.size(project), s.size(other)
		if older+newer > test.budget || (older > 0) != test.projectIsLeft || (newer == before) != test.otherIsWhole {
			t.Errorf("budget %d: %d and %d of %d", test.budget, older, newer, before)
		}
	}
	s.append(project, line(1, "and on"))
	equal(t, "after", s.texts(project, paas.LogQuery{}), []string{"and on"})
}

// A full disk is a real one: a small file system in memory.
func TestADiskThatIsFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	s := open(t, dir, 64<<20)
	random := rand.New(rand.NewPCG(1, 2))
	refused, accepted := 0, 0
	for accepted = range 3000 {
		err := s.Append(t.Context(), project, line(accepted, fmt.Sprintf("line %d %s", accepted, noise(random, 1000))))
		if err != nil {
			refused++
		}
		if err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if refused != 1 {
		t.Errorf("%d errors", refused)
	}
	texts := s.texts(project, paas.LogQuery{})
	for n, text := range texts {
		if !strings.HasPrefix(text, fmt.Sprintf("line %d ", n)) {
			t.Fatalf("line %d is %.20q", n, text)
		}
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the loss is said", func() bool { return len(s.texts(project, paas.LogQuery{Grep: "lines were lost"})) == 1 })
	s.append(project, line(5000, "there is room"))
	s.close()
	later := open(t, dir, 64<<20)
	got := later.texts(project, paas.LogQuery{})
	later.close()
	want := fmt.Sprintf("… %d lines were lost: the log could not be written", 3000-len(texts))
	if len(got) != len(texts)+2 || got[len(texts)] != want || got[len(texts)+1] != "there is room" || later.log.contains("torn") {
		t.Errorf("%d lines, want %d; %q, want %q", len(got), len(texts)+2, got[len(texts)], want)
	}
}

// Nothing stays open or goes on for projects that are idle, or after readers have gone.
func TestNothingIsLeftOpen(t *testing.T) {
	descriptors := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(open)
	}
	files, routines := descriptors(), runtime.NumGoroutine()
	s := open(t, t.TempDir(), 0)
	id := func(n int) paas.ProjectID { return paas.ProjectID(fmt.Sprintf("%08x-2222-4333-8444-555555555555", n)) }
	for n := range 500 {
		s.append(id(n), line(n, "one"), line(n, "two"))
	}
	for n := range 500 {
		for range s.Read(t.Context(), id(n), paas.LogQuery{Follow: true}) {
			break
		}
	}
	if projects, err := s.Projects(t.Context()); err != nil || len(projects) != 500 {
		t.Errorf("%d projects, %v", len(projects), err)
	}
	eventually(t, "lines are on disk", func() bool { return s.size(id(499)) > 0 })
	eventually(t, "files are closed", func() bool { return descriptors() <= files+3 })
	s.close()
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= routines })
	if left := descriptors(); left > files+1 {
		t.Errorf("%d descriptors, before %d", left, files)
	}
}

func TestLinesAreOnDiskInAMoment(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	s.append(project, line(0, "line 0"))
	begun := time.Now()
	eventually(t, "it is in a file", func() bool { return len(s.files(project, ".log")) == 1 && s.size(project) > 0 })
	if took := time.Since(begun); os.Getenv("PAASTECH_SOAK") == "1" && took > time.Second {
		t.Errorf("after %s", took)
	}
	s.close()
	s.append(project, line(1, "line 1")) // after the end: at once
	equal(t, "later", open(t, s.dir, 0).texts(project, paas.LogQuery{}), numbered(0, 2))
}
