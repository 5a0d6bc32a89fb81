package logbook_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Followers that begin anywhere in a flood, over closed and compressed segments, see each line of
// each writer once and in its order.
func TestFollowHasNoGapAndNoDuplicate(t *testing.T) {
	const writers, lines, followers = 3, 4000, 6
	s := open(t, t.TempDir(), 64<<20)
	var work sync.WaitGroup
	var written atomic.Int64
	for writer := range writers {
		work.Go(func() {
			for n := range lines {
				l := line(n, fmt.Sprintf("%d %s", n, strings.Repeat("filler ", 100)))
				l.Process = fmt.Sprintf("writer%d", writer)
				if err := s.Append(t.Context(), project, l); err != nil {
					t.Error(err)
				}
				written.Add(1)
				if n%16 == 0 {
					time.Sleep(time.Millisecond) // slower than anybody reads: nothing may be left out
				}
			}
		})
	}
	for reader := range followers {
		work.Go(func() {
			for written.Load() < int64(reader)*writers*lines/followers {
				time.Sleep(time.Millisecond)
			}
			query := paas.LogQuery{Follow: true, Tail: reader * 1000}
			next, ended := map[string]int{}, 0
			for l, err := range s.Read(t.Context(), project, query) {
				if err != nil {
					t.Error(err)
					return
				}
				n, err := strconv.Atoi(strings.Fields(l.Text)[0])
				if expected, begun := next[l.Process]; err != nil || begun && n != expected {
					t.Errorf("%s: %.40q after %d: %v", l.Process, l.Text, expected, err)
					return
				}
				if next[l.Process] = n + 1; n == lines-1 {
					ended++
				}
				if ended == writers {
					return
				}
			}
			t.Error("it ended too early")
		})
	}
	work.Wait()
	if len(s.files(project, "")) < 3 {
		t.Error("there was only one segment")
	}
}

func TestFollowBeginsWithWhatWasChosen(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	for n := range 10 {
		s.append(project, line(n, fmt.Sprintf("line %d", n)))
	}
	next, stop := iter.Pull2(s.Read(t.Context(), project, paas.LogQuery{Follow: true, Tail: 2, Grep: "LINE"}))
	defer stop()
	expect := func(want string) {
		t.Helper()
		if l, err, ok := next(); !ok || err != nil || l.Text != want {
			t.Fatalf("%q, %v, %v; want %q", l.Text, err, ok, want)
		}
	}
	expect("line 8")
	expect("line 9")
	s.append(project, line(10, "not chosen"), line(11, "line 11"))
	expect("line 11")
	s.append(project, line(12, "line 12"))
	expect("line 12")
}

func TestFollowEnds(t *testing.T) {
	for name, end := range map[string]func(*shelf, context.CancelFunc){
		"with its context": func(_ *shelf, cancel context.CancelFunc) { cancel() },
		"when the log is forgotten": func(s *shelf, _ context.CancelFunc) {
			if err := s.Forget(t.Context(), project); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir(), 0)
			s.append(project, line(0, "begun"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			begun, ended := make(chan bool), make(chan int)
			go func() {
				lines := 0
				for _, err := range s.Read(ctx, project, paas.LogQuery{Follow: true}) {
					if err != nil {
						t.Error(err)
					}
					if lines++; lines == 1 {
						close(begun)
					}
				}
				ended <- lines
			}()
			<-begun
			end(s, cancel)
			if lines := <-ended; lines != 1 {
				t.Errorf("%d lines", lines)
			}
		})
	}
}

// A follower that stops reading holds nobody up, and is told how much it missed: what it got and what
// was left out are all there was.
func TestASlowReaderIsNotWaitedFor(t *testing.T) {
	const lines, length = 40_000, 1000
	s := open(t, t.TempDir(), 8<<20)
	s.append(project, line(0, "begun"))
	next, stop := iter.Pull2(s.Read(t.Context(), project, paas.LogQuery{Follow: true}))
	defer stop()
	if l, err, ok := next(); !ok || err != nil || l.Text != "begun" {
		t.Fatal(l, err, ok)
	}
	random := rand.New(rand.NewPCG(3, 4))
	text := noise(random, length)
	started := time.Now()
	for n := range lines {
		s.append(project, line(n, strconv.Itoa(n)+" "+text))
	}
	if took := time.Since(started); os.Getenv("PAASTECH_SOAK") == "1" && took > lines*length/(10<<20)*time.Second {
		t.Errorf("%d MB took %s", lines*length>>20, took)
	}
	s.append(project, line(lines, "the end"))
	got, leftOut, notices := 0, 0, 0
	for {
		l, err, ok := next()
		if !ok || err != nil {
			t.Fatal(err, ok)
		}
		if l.Stream == paas.System {
			var n int
			if _, err := fmt.Sscanf(l.Text, "… %d lines were left out, you read too slowly", &n); err != nil {
				t.Fatal(l.Text, err)
			}
			leftOut, notices = leftOut+n, notices+1
			continue
		}
		if l.Text == "the end" {
			break
		}
		got++
	}
	if got+leftOut != lines || notices == 0 || notices > 3 || leftOut < lines/2 {
		t.Errorf("%d lines and %d left out in %d notices, want %d", got, leftOut, notices, lines)
	}
}

// What is removed under a follower that has read it makes no notice.
func TestTrimUnderAFollower(t *testing.T) {
	s := open(t, t.TempDir(), 0)
	s.append(project, line(0, "begun"))
	next, stop := iter.Pull2(s.Read(t.Context(), project, paas.LogQuery{Follow: true}))
	defer stop()
	for n := range 5 {
		want := "begun"
		if n > 0 {
			want = fmt.Sprintf("line %d", n)
			s.append(project, line(n, want))
		}
		if l, err, ok := next(); !ok || err != nil || l.Text != want {
			t.Fatalf("%q, %v, %v; want %q", l.Text, err, ok, want)
		}
		if err := s.Trim(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
}
