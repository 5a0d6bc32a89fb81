package logbook_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// writerDir tells this test that it is the process to be killed.
const writerDir = "LOGBOOK_WRITER_DIR"

// A daemon that is killed while it writes loses at most its last moments, and has no hole before it.
func TestKill(t *testing.T) {
	if dir := os.Getenv(writerDir); dir != "" {
		writeUntilKilled(t, dir)
	}
	rounds := 3
	if os.Getenv("PAASTECH_SOAK") == "1" {
		rounds = 50
	}
	dir, begin := t.TempDir(), 0
	for range rounds {
		announced := killWriter(t, dir, begin)
		s := open(t, dir, 8<<20)
		texts := s.texts(project, paas.LogQuery{})
		for i, text := range texts[1:] {
			before, after := number(t, texts[i]), number(t, text)
			if after != before+1 {
				t.Fatalf("line %d comes after %d", after, before)
			}
		}
		last := number(t, texts[len(texts)-1])
		if seen := s.seen(project, "c1"); last < announced || !seen.Equal(line(last, "").At) {
			t.Fatalf("the last line is %d, seen at %s, and %d was two seconds old", last, seen, announced)
		}
		s.close()
		begin = last + 1
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.Fields(text)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// killWriter lets a process write and kills it; it returns a line that it said had been on disk.
func killWriter(t *testing.T, dir string, begin int) (announced int) {
	t.Helper()
	writer := exec.Command(os.Args[0], "-test.run", "^TestKill$")
	writer.Env = append(os.Environ(), writerDir+"="+dir, "LOGBOOK_WRITER_BEGIN="+strconv.Itoa(begin))
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	announced = -1
	for said := bufio.NewScanner(out); said.Scan(); {
		if n, err := strconv.Atoi(said.Text()); err == nil {
			announced = n
			break
		}
	}
	if err := writer.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := writer.Wait(); err == nil || announced < 0 {
		t.Fatalf("the writer ended by itself: %v, %d", err, announced)
	}
	return announced
}

// writeUntilKilled writes several segments, and says which line was written two seconds ago, on a machine that may be busy.
func writeUntilKilled(t *testing.T, dir string) {
	begin, err := strconv.Atoi(os.Getenv("LOGBOOK_WRITER_BEGIN"))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, 8<<20)
	padding := strings.Repeat("0123456789", 50)
	marked, at := -1, time.Now()
	for n := begin; ; n++ {
		s.append(project, line(n, fmt.Sprintf("%d %s", n, padding)))
		switch {
		case marked < 0 && n-begin == 1500:
			marked, at = n, time.Now()
		case marked >= 0 && time.Since(at) > 2*time.Second:
			fmt.Println(marked)
			marked = -1 << 30
		}
		if n%50 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// Everything at once, several times over, neither hangs nor breaks anything.
func TestEverythingAtOnce(t *testing.T) {
	s := open(t, t.TempDir(), 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writers, others sync.WaitGroup
	for writer := range 3 {
		writers.Go(func() {
			for n := range 20_000 {
				l := line(n, strings.Repeat("text ", 100))
				l.Container = paas.ContainerID(fmt.Sprint(writer))
				if err := s.Append(ctx, project, l); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, do := range []func() error{
		func() error { return s.Forget(ctx, project) },
		func() error { return s.Trim(ctx, 100_000) },
		func() error { _, err := s.Seen(ctx, project, "1"); return err },
		func() error { _, err := s.Size(ctx, project); return err },
		func() error { _, err := s.Projects(ctx); return err },
		func() error { return readSome(ctx, s, paas.LogQuery{Tail: 100, Grep: "TEXT"}) },
		func() error { return readSome(ctx, s, paas.LogQuery{Follow: true}) },
	} {
		others.Go(func() {
			for ctx.Err() == nil {
				if err := do(); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	writers.Wait()
	cancel()
	others.Wait()
	if err := s.Forget(t.Context(), project); err != nil {
		t.Error(err)
	}
	s.append(project, line(1, "and on"))
	equal(t, "after", s.texts(project, paas.LogQuery{}), []string{"and on"})
	if s.log.contains("level=WARN") {
		t.Errorf("it was complained: %s", s.log.text.String())
	}
}

func readSome(ctx context.Context, s *shelf, query paas.LogQuery) error {
	lines := 0
	for line, err := range s.Read(ctx, project, query) {
		if err != nil {
			return err
		}
		if line.Text != strings.Repeat("text ", 100) && line.Stream != paas.System {
			return fmt.Errorf("read %q", line.Text)
		}
		if lines++; lines > 1000 {
			break
		}
	}
	return nil
}
