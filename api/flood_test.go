package api_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestFloodOfLogins is trial T34: 64 log-ins at once, each of an account of its own. All are answered
// and cost a bounded amount of memory, and, in a soak, nobody else waits much longer for it.
func TestFloodOfLogins(t *testing.T) {
	w := newWorld(t)
	soak := os.Getenv("PAASTECH_SOAK") == "1"
	accounts := 64
	if soak {
		accounts = 200
	}
	var making sync.WaitGroup
	for i := range accounts {
		making.Go(func() {
			if _, err := w.platform.CreateUser(t.Context(), paas.NewUser{Username: fmt.Sprintf("user-%d", i), Email: fmt.Sprintf("user-%d@example.com", i), Password: password}); err != nil {
				t.Error(err)
			}
		})
	}
	making.Wait()
	idle := w.slowest(200, nil)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	ended := make(chan struct{})
	var logins sync.WaitGroup
	began := time.Now()
	for i := range 64 {
		logins.Go(func() {
			for j := i; j < accounts; j += 64 {
				if _, err := w.anonymous().Login(t.Context(), fmt.Sprintf("user-%d@example.com", j), password); err != nil {
					t.Errorf("user-%d: %v", j, err)
				}
			}
		})
	}
	go func() { logins.Wait(); close(ended) }()
	loaded := w.slowest(0, ended)
	<-ended
	took := time.Since(began)
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	grown := int64(after.Sys) - int64(before.Sys)
	t.Logf("%d log-ins in %s; p99 of others idle %s, beside them %s; memory %+d MiB", accounts, took, idle, loaded, grown>>20)
	if grown > 150<<20 {
		t.Errorf("%d MiB more memory from the system", grown>>20)
	}
	if soak && loaded > max(3*idle, 20*time.Millisecond) {
		t.Errorf("others' p99 is %s beside log-ins, %s without", loaded, idle)
	}
}

// slowest is the 99th percentile of a logged-in user's requests, one after the other: a number of
// them, or as long as something goes on.
func (w *world) slowest(requests int, until <-chan struct{}) time.Duration {
	w.t.Helper()
	var times []time.Duration
	for going := true; going; {
		began := time.Now()
		if _, err := w.ada.Me(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		times = append(times, time.Since(began))
		select {
		case <-until:
			going = false
		default:
			going = until != nil || len(times) < requests
		}
	}
	slices.Sort(times)
	return times[len(times)*99/100]
}
