package deployer

import (
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestKeptContainersComeBack(t *testing.T) {
	e := newEngine(t)
	started := launch(t, e, spec("MODE", "exit", "CODE", "1"))
	eventually(t, "it ends", func() bool { return !find(t, e, started.ID).Running })
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Docker starts it again", func() bool { return find(t, e, started.ID).Restarts >= 3 })
	if got := find(t, e, started.ID); !got.Kept {
		t.Errorf("started: %+v", got)
	}
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	stopped := find(t, e, started.ID)
	if stopped.Running || stopped.Restarting || stopped.Kept || stopped.EndedAt.IsZero() {
		t.Errorf("stopped: %+v", stopped)
	}
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	if got := find(t, e, started.ID); got.Restarts >= stopped.Restarts || !got.StartedAt.After(stopped.StartedAt) {
		t.Errorf("started again: %+v, before: %+v", got, stopped)
	}
}

// T5: who needs time to end gets it; who ignores the request ends when the grace has passed.
func TestStopGivesGrace(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for name, test := range map[string]struct {
		env     []string
		grace   time.Duration
		atLeast time.Duration
		atMost  time.Duration
		code    int
	}{
		"ends at once":    {[]string{"MODE", "serve"}, 30 * time.Second, 0, 3 * time.Second, 0},
		"needs 8 seconds": {[]string{"DELAY", "8s"}, 30 * time.Second, 8 * time.Second, 10 * time.Second, 0},
		"ignores it":      {[]string{"MODE", "stubborn"}, 3 * time.Second, 2 * time.Second, 4 * time.Second, 137},
		"has no handler":  {[]string{"MODE", "silent"}, 30 * time.Second, 0, 3 * time.Second, 143},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(test.env...)
			started := launch(t, e, s)
			eventually(t, "it has started", func() bool { return logsOf(t, e, started.ID) != "" })
			if test.env[1] != "silent" {
				run := paas.Probe{Ports: []int{8080}, Deadline: 10 * time.Second}
				if seen, err := e.Await(t.Context(), started.ID, run); err != nil || !seen.Ready {
					t.Fatal(seen, err)
				}
			}
			begun := time.Now()
			if err := e.Stop(t.Context(), started.ID, test.grace); err != nil {
				t.Fatal(err)
			}
			took := time.Since(begun)
			if took < test.atLeast || took > test.atMost {
				t.Errorf("took %s, want %s to %s", took, test.atLeast, test.atMost)
			}
			if got := find(t, e, started.ID); got.Running || got.ExitCode != test.code {
				t.Errorf("exit code %d, want %d", got.ExitCode, test.code)
			}
		})
	}
}

func TestGoneContainersAreNoErrorToStopAndRemove(t *testing.T) {
	e := newEngine(t)
	started := run(t, e, spec())
	for range 2 {
		if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
			t.Error(err)
		}
	}
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Error(err)
	}
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := e.Remove(t.Context(), started.ID); err != nil {
			t.Error(err)
		}
	}
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Error(err)
	}
	if err := e.Start(t.Context(), started.ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("start what is gone: %v", err)
	}
	if err := e.Output(t.Context(), started.ID, time.Time{}, nil); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("output of what is gone: %v", err)
	}
}

// TestFrozenContainersStandStill: a frozen container keeps its memory and address and answers nobody until
// it is thawed; both may be asked twice, and of a container that was stopped neither can be had.
func TestFrozenContainersStandStill(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	started := launch(t, e, spec())
	probe := paas.Probe{Ports: []int{8080}, Deadline: 10 * time.Second, Timeout: 500 * time.Millisecond}
	if seen, err := e.Await(t.Context(), started.ID, probe); err != nil || !seen.Ready {
		t.Fatal(seen, err)
	}
	for range 2 {
		if err := e.Freeze(t.Context(), started.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := find(t, e, started.ID); !got.Running || !got.Paused || got.Address != started.Address {
		t.Errorf("frozen: %+v", got)
	}
	if seen, err := e.Check(t.Context(), started.ID, probe); err == nil && seen.Ready {
		t.Error("it answers while it is frozen")
	}
	for range 2 {
		if err := e.Thaw(t.Context(), started.ID); err != nil {
			t.Fatal(err)
		}
	}
	if seen, err := e.Check(t.Context(), started.ID, probe); err != nil || !seen.Ready {
		t.Errorf("thawed: %+v %v", seen, err)
	}
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := e.Freeze(t.Context(), started.ID); err == nil {
		t.Error("what was stopped is frozen")
	}
	if err := e.Thaw(t.Context(), started.ID); err == nil {
		t.Error("what was stopped is thawed")
	}
}
