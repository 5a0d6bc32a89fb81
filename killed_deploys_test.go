package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"
)

// TestDeploysKilledAtAnyMoment (T10) kills the daemon while it scales, restarts, configures, rolls back
// and deletes. After each start the store and the engine agree, what was acknowledged is there, nothing is
// left of what is gone, and nothing stays in progress.
func TestDeploysKilledAtAnyMoment(t *testing.T) {
	rounds := 4
	if os.Getenv("PAASTECH_SOAK") == "1" {
		rounds = 200
	}
	a := newEcho(t, 500*time.Millisecond)
	acknowledged, changes := "", 0
	for round := range rounds {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for n := 0; ; n++ {
				greeting := fmt.Sprintf("g%03d-%03d", round, n)
				switch a.changeOnce(n, greeting) {
				case http.StatusOK:
					changes++
					if n%4 == 0 {
						acknowledged = greeting
					}
				case 0:
					return
				}
			}
		}()
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond) // a random moment is what is tested
		a.kill()
		<-done
		a.start()
		a.until("it answers", a.answers)
		a.check()
		a.agrees(acknowledged)
		if round%20 == 19 {
			t.Logf("%d rounds, %d changes acknowledged", round+1, changes)
		}
	}
	t.Logf("%d rounds, %d changes acknowledged", rounds, changes)
	if changes == 0 {
		t.Error("nothing was acknowledged: nothing was tested")
	}
}

// changeOnce makes one change and returns its status, 0 when the daemon has died.
func (a *echo) changeOnce(n int, greeting string) int {
	project := "/projects/" + a.id
	switch n % 4 {
	case 0:
		return a.call(http.MethodPatch, project+"/env", map[string]any{"env": map[string]string{"GREETING": greeting}}, nil)
	case 1:
		return a.call(http.MethodPatch, project+"/scale", map[string]int{"web": 1 + rand.IntN(2), "worker": rand.IntN(2)}, nil)
	case 2:
		return a.call(http.MethodPost, project+"/restart", nil, nil)
	default:
		var made struct{ ID string }
		if status := a.call(http.MethodPost, "/projects", map[string]any{"name": "other-" + greeting}, &made); status != http.StatusCreated {
			return status
		}
		return a.call(http.MethodDelete, "/projects/"+made.ID, nil, nil)
	}
}

// agrees holds what runs against what was decided and acknowledged.
func (a *echo) agrees(greeting string) {
	a.t.Helper()
	var project struct {
		Status string
		Config struct{ Env map[string]string }
		Live   struct {
			Number    int
			Formation map[string]int
		}
	}
	a.until("as much runs as was decided", func() bool {
		wanted := 0
		if a.call(http.MethodGet, "/projects/"+a.id, nil, &project) != http.StatusOK {
			return false
		}
		for _, count := range project.Live.Formation {
			wanted += count
		}
		return project.Status == "running" && len(a.containers()) == wanted
	})
	// A change that was on its way may have been stored without an answer.
	if now := project.Config.Env["GREETING"]; now < greeting {
		a.t.Errorf("the variable is %q, %q was acknowledged", now, greeting)
	}
	var all []struct {
		Number int
		State  string
	}
	if status := a.call(http.MethodGet, "/projects/"+a.id+"/deployments?limit=200", nil, &all); status != http.StatusOK {
		a.t.Fatalf("deployments: %d", status)
	}
	for _, d := range all {
		if slices.Contains([]string{"queued", "building", "starting"}, d.State) {
			a.t.Errorf("v%d is %s for ever", d.Number, d.State)
		}
		if (d.State == "live") != (d.Number == project.Live.Number) {
			a.t.Errorf("v%d is %s, live is v%d", d.Number, d.State, project.Live.Number)
		}
	}
}
