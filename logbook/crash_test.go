package logbook_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// change does something to a file that the logbook left.
func change(t *testing.T, path string, do func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, do(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestATornEndIsCutOff(t *testing.T) {
	for name, test := range map[string]struct {
		tear func([]byte) []byte
		kept int
	}{
		"within the last line": {func(data []byte) []byte { return data[:len(data)-3] }, 9},
		"its end of line":      {func(data []byte) []byte { return data[:len(data)-1] }, 9},
		"zeros":                {func(data []byte) []byte { return append(data, make([]byte, 5000)...) }, 10},
		"garbage":              {func(data []byte) []byte { return append(data, "gar\tbage\n\xff\x00\n0123abcd\tx\n"...) }, 10},
		"a bit of the last":    {func(data []byte) []byte { data[len(data)-2] ^= 1; return data }, 9},
		"all of it":            {func([]byte) []byte { return []byte("nothing of this is ours") }, 0},
		"empty":                {func([]byte) []byte { return nil }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir(), 0)
			for n := range 10 {
				s.append(project, line(n, fmt.Sprintf("line %d", n)))
			}
			s.close()
			change(t, s.files(project, ".log")[0], test.tear)
			s = open(t, s.dir, 0)
			seen := s.seen(project, "c1")
			if said := s.log.contains("torn and is cut off"); said != (name != "empty") {
				t.Errorf("said: %v", said)
			}
			if test.kept > 0 && !seen.Equal(noon.Add(time.Duration(test.kept-1)*time.Second)) {
				t.Errorf("seen at %s", seen)
			}
			s.append(project, line(20, "line 20"), line(21, "line 21"))
			want := append(numbered(0, test.kept), numbered(20, 22)...)
			equal(t, "then", s.texts(project, paas.LogQuery{}), want)
			s.close()
			s = open(t, s.dir, 0)
			equal(t, "later", s.texts(project, paas.LogQuery{}), want)
			equal(t, "tail", s.texts(project, paas.LogQuery{Tail: 1}), numbered(21, 22))
		})
	}
}

func TestDamageInTheMiddleCostsOnlyItsLine(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	for n := range 10 {
		s.append(project, line(n, fmt.Sprintf("line %d", n)))
	}
	s.close()
	change(t, s.files(project, ".log")[0], func(data []byte) []byte { return bytes.Replace(data, []byte("line 4"), []byte("lone 4"), 1) })
	s = open(t, s.dir, 0)
	equal(t, "the others", s.texts(project, paas.LogQuery{}), append(numbered(0, 4), numbered(5, 10)...))
}

// several leaves a log of many compressed segments.
func several(t *testing.T) (s *shelf, lines int) {
	t.Helper()
	s = open(t, t.TempDir(), 8<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for lines = range 3000 {
		s.append(project, line(lines, fmt.Sprintf("line %d %s", lines, noise(random, 1000))))
	}
	eventually(t, "segments are compressed", func() bool { return len(s.files(project, ".zst")) >= 10 && len(s.files(project, ".log")) <= 1 })
	s.close()
	return s, lines + 1
}

func TestACorruptSegmentIsLeftOut(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"half written": func(data []byte) []byte { return data[:len(data)/2] },
		"empty":        func([]byte) []byte { return nil },
		"flipped":      func(data []byte) []byte { data[len(data)/2] ^= 0x55; return data },
		"not ours":     func([]byte) []byte { return bytes.Repeat([]byte("x"), 1000) },
	} {
		t.Run(name, func(t *testing.T) {
			s, lines := several(t)
			files := s.files(project, ".zst")
			change(t, files[3], damage)
			change(t, files[len(files)-1], damage)
			s = open(t, s.dir, 8<<20)
			got := s.texts(project, paas.LogQuery{})
			segment := lines / (len(files) + 1)
			if missing := lines - len(got); name != "empty" && (missing < segment || missing > 3*segment) {
				t.Errorf("%d of %d lines are missing", missing, lines)
			}
			if got := s.texts(project, paas.LogQuery{Tail: lines}); len(got) == 0 {
				t.Error("no tail")
			}
			if name != "empty" && !s.log.contains("a part of a log cannot be read and is left out") {
				t.Error("nothing was said")
			}
			if seen := s.seen(project, "c1"); !seen.Equal(noon.Add(time.Duration(lines-1) * time.Second)) {
				t.Errorf("seen at %s", seen)
			}
			s.append(project, line(lines, "and on"))
			equal(t, "new", s.texts(project, paas.LogQuery{Tail: 1}), []string{"and on"})
		})
	}
}

func TestAKillWhileCompressingLosesNothing(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	for n := range 10 {
		s.append(project, line(n, fmt.Sprintf("line %d", n)))
	}
	s.close()
	plain := s.files(project, ".log")[0]
	half := strings.TrimSuffix(plain, ".log") + ".1.2.zst"
	for _, path := range []string{half, half + ".unfinished"} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, s.dir, 0)
	equal(t, "after", s.texts(project, paas.LogQuery{}), numbered(0, 10))
	if left := s.files(project, ""); len(left) != 1 || left[0] != plain {
		t.Errorf("left over: %v", left)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "a stranger"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if projects, err := s.Projects(t.Context()); err != nil || len(projects) != 1 {
		t.Errorf("%v, %v", projects, err)
	}
}

// A daemon that is killed leaves segments that were closed but not compressed; the next one does it.
func TestSegmentsOfAKilledDaemonAreCompressedLater(t *testing.T) {
	s, lines := several(t)
	files := s.files(project, ".zst")
	plain := open(t, t.TempDir(), 512<<20) // its segments are larger: all lines are in one
	for n := range 500 {
		plain.append(project, line(n, fmt.Sprintf("line %d", n)))
	}
	plain.close()
	data, err := os.ReadFile(plain.files(project, ".log")[0])
	if err != nil {
		t.Fatal(err)
	}
	next := filepath.Join(s.dir, string(project), fmt.Sprintf("%012d.log", 900))
	last := filepath.Join(s.dir, string(project), fmt.Sprintf("%012d.log", 901))
	for _, path := range []string{next, last} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, s.dir, 8<<20)
	if got := len(s.texts(project, paas.LogQuery{})); got != lines+1000 {
		t.Errorf("%d lines, want %d", got, lines+1000)
	}
	eventually(t, "it is compressed", func() bool { _, err := os.Stat(next); return os.IsNotExist(err) })
	if got := len(s.texts(project, paas.LogQuery{})); got != lines+1000 || len(s.files(project, ".zst")) <= len(files) {
		t.Errorf("%d lines, want %d", got, lines+1000)
	}
}
