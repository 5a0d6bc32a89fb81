package main

import (
	"fmt"
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
// a person. With PAASTECH_SOAK=1 there are 20, which have 5 s beside what Docker needs for itself.
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
	floor := engine.alone(all)
	t.Logf("Docker alone has all %d running %s after its return", len(all), floor.Round(time.Millisecond))
	within := 5*time.Second + max(floor, time.Duration(len(all))*time.Second/4) // about four are made in a second, however many ask
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
		name string
		do   func()
	}{
		{"the engine is restarted", func() { engine.stop(); engine.start() }},
		{"the engine is killed and started", func() { engine.end(syscall.SIGKILL); engine.start() }},
		{"it comes back without a container", func() {
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
		if soak && took > within {
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

// alone restarts the engine while the daemon is away, and returns how long after its return it has the
// containers running again that it has to.
func (e *ownEngine) alone(all []*echo) time.Duration {
	e.t.Helper()
	all[0].kill()
	e.stop()
	e.start()
	returned := time.Now()
	all[0].until("Docker has started what ran", func() bool {
		return len(strings.Fields(e.docker(nil, "ps", "-q", "--filter", "label=paastech.process=web"))) == len(all)
	})
	took := time.Since(returned)
	all[0].start()
	for _, a := range all {
		a.settled(1)
	}
	return took
}
