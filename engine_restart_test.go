package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestEngineRestartedUnderLoad ends Docker and starts it again, in order and with kill -9, and removes
// every container right after its return, while requests go on: every application answers again without
// a person. With PAASTECH_SOAK=1 there are 20, which have 5 s beside what Docker and they need alone.
func TestEngineRestartedUnderLoad(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	applications, soak := 3, os.Getenv("PAASTECH_SOAK") == "1"
	if soak {
		applications = 20
	}
	engine := newOwnEngine(t, ownDirectory(t))
	all := []*echo{newPlain(t, time.Second)}
	for len(all) < applications {
		all = append(all, all[0].beside("plain", fmt.Sprint("plain-", len(all))))
	}
	floors := map[syscall.Signal]time.Duration{}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		floors[signal] = engine.alone(all, signal)
		t.Logf("Docker and %d applications alone answer %s after a return from %s", len(all), floors[signal].Round(time.Millisecond), signal)
	}
	var sent atomic.Int64
	var asking sync.WaitGroup
	stop := make(chan struct{})
	for _, a := range all {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond):
					a.answers()
					sent.Add(1)
				}
			}
		})
	}
	for _, act := range []struct {
		name  string
		floor time.Duration
		do    func()
	}{
		{"the engine is restarted", floors[syscall.SIGTERM], func() { engine.stop(); engine.start() }},
		{"the engine is killed and started", floors[syscall.SIGKILL], func() { engine.end(syscall.SIGKILL); engine.start() }},
		{"it comes back without a container", floors[syscall.SIGKILL], func() {
			engine.stop()
			engine.start()
			for _, a := range all {
				a.docker("rm", "-f")
			}
		}},
	} {
		act.do()
		returned := time.Now()
		var waiting sync.WaitGroup
		var slowest atomic.Int64
		for _, a := range all {
			waiting.Go(func() {
				for !a.answers() && time.Since(returned) < 5*time.Minute {
					time.Sleep(20 * time.Millisecond)
				}
				if took := int64(time.Since(returned)); took > slowest.Load() {
					slowest.Store(took)
				}
			})
		}
		waiting.Wait()
		took := time.Duration(slowest.Load())
		t.Logf("%s: all %d applications answer %s after that", act.name, len(all), took.Round(time.Millisecond))
		if within := 5*time.Second + act.floor; soak && took > within {
			t.Errorf("%s: the last application answers after %s, %s are allowed", act.name, took, within)
		}
		for _, a := range all {
			a.settled(1)
		}
	}
	close(stop)
	asking.Wait()
	t.Logf("%d requests meanwhile", sent.Load())
	all[0].check()
}

// alone ends the engine and starts it again while the daemon is away, starts what Docker does not by
// itself, and returns how long after its return the last application answers at its container's address:
// what nobody can be faster than.
func (e *ownEngine) alone(all []*echo, signal syscall.Signal) time.Duration {
	e.t.Helper()
	all[0].kill()
	e.end(signal)
	e.start()
	returned := time.Now()
	var starting sync.WaitGroup
	turns := make(chan struct{}, 4)
	for _, a := range all {
		starting.Go(func() {
			turns <- struct{}{}
			address := e.startOf(a)
			<-turns
			for !answersAt(e.t, address) && time.Since(returned) < 5*time.Minute {
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	starting.Wait()
	took := time.Since(returned)
	all[0].start()
	for _, a := range all {
		a.settled(1)
	}
	return took
}

// startOf starts the one container of an application, if it does not run, and returns where it answers.
func (e *ownEngine) startOf(a *echo) string {
	id := strings.TrimSpace(e.docker(nil, "ps", "-aq", "--filter", "label=paastech.project="+a.id, "--filter", "label=paastech.process=web"))
	e.docker(nil, "start", id)
	ip := strings.TrimSpace(e.docker(nil, "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", id))
	return "http://" + ip + ":8080/"
}

func answersAt(t *testing.T, address string) bool {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}
