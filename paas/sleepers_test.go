package paas_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// interrupted is a store before whose SetDepth something happens.
type interrupted struct {
	paas.Store
	before func()
}

// SetDepth lets it happen, once.
func (s *interrupted) SetDepth(ctx context.Context, id paas.ProjectID, depth paas.Depth, at time.Time) error {
	if s.before != nil {
		before := s.before
		s.before = nil
		before()
	}
	return s.Store.SetDepth(ctx, id, depth, at)
}

// TestACommandThatBeginsAsItFallsAsleep finds the project awake, so that stays so.
func TestACommandThatBeginsAsItFallsAsleep(t *testing.T) {
	w := sleepy(t, paas.App{})
	ctx := t.Context()
	begin, output, ended := w.command()
	w.Platform.Store = &interrupted{Store: w.Platform.Store, before: begin}
	if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("put to sleep under a command: %v", err)
	}
	w.is(paas.Awake, "under a command")
	for _, route := range w.Router.Routes() {
		if route.Project == w.project.ID && route.State != paas.RouteLive {
			t.Errorf("its route is %s", route.State)
		}
	}
	close(output.open)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); err != nil {
		t.Error(err)
	}
	w.is(paas.Asleep, "after it")
}

// TestSleepersCostLittleMemory: what the platform keeps of 300 projects that sleep, with their routes and all that a look
// at them leaves behind, is less than 10 KB each.
func TestSleepersCostLittleMemory(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	look := func() uint64 {
		for range 3 {
			if err := w.Reconcile(ctx); err != nil {
				t.Fatal(err)
			}
			w.TuckIn(ctx, time.Now())
		}
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	look()
	before := look()
	const projects = 300
	for n := range projects {
		project, err := w.CreateProject(ctx, w.ada, fmt.Sprint("sleeper-", n))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if _, err := w.store.CreateDeployment(ctx, paas.Deployment{
			Project: project.ID, State: paas.Live, Reason: paas.ReasonPush, By: w.ada.ID, Branch: "main", Commit: "c0ffee0", Env: paas.Env{"A": "1"}, Port: 8080,
			Image: paas.Image{Ref: paas.ImageRef(fmt.Sprint("image-", n))}, CreatedAt: now, LiveAt: &now, App: paas.App{Sleep: paas.Sleep{After: paas.Duration(time.Minute)}}, Formation: paas.Formation{"web": 1},
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.store.SetDepth(ctx, project.ID, paas.Asleep, now); err != nil {
			t.Fatal(err)
		}
	}
	after := look()
	asleep := 0
	for _, route := range w.Router.Routes() {
		if route.State == paas.RouteSleeping {
			asleep++
		}
	}
	each := (int64(after) - int64(before)) / projects
	t.Logf("%d sleep, %d bytes each", asleep, each)
	if asleep != projects || each > 10<<10 {
		t.Errorf("%d of %d sleep, %d bytes each", asleep, projects, each)
	}
}
