package paas_test

import (
	"context"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestRestartAdoptsWhatRuns(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.halt()
	w.router.routes = map[paas.Hostname]paas.Route{}
	w.serve(t.TempDir())
	w.eventually("the route is back", func() bool { return w.router.state(w.Hostname(w.project.ID)) == paas.RouteLive })
	if w.engine.runs != 1 {
		t.Errorf("%d containers were made", w.engine.runs)
	}
}

func TestReconcileBringsBackWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	all, _ := w.engine.Containers(t.Context())
	w.engine.Stop(t.Context(), all[0].ID, 0)
	if err := w.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventuallyRunning("one")
	if w.engine.runs != 1 {
		t.Error("a stopped container was made anew instead of started")
	}
	w.engine.Remove(t.Context(), all[0].ID)
	if err := w.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventuallyRunning("one")
	w.eventually("the route is live", func() bool { return w.router.state(w.Hostname(w.project.ID)) == paas.RouteLive })
}

func TestReconcileRemovesWhatNobodyOwns(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.engine.Launch(t.Context(), paas.ContainerSpec{Project: w.project.ID, Deployment: 7, Image: "stray"})
	w.engine.Launch(t.Context(), paas.ContainerSpec{Project: "00000000-0000-4000-8000-000000000000", Image: "orphan"})
	if err := w.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventuallyRunning("one")
}

func TestReconcileAsksBeforeRemovingHalf(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	for range 3 {
		w.engine.Launch(t.Context(), paas.ContainerSpec{Project: "00000000-0000-4000-8000-000000000000", Image: "orphan"})
	}
	if err := w.Reconcile(t.Context()); !paas.IsCode(err, paas.EConflict) {
		t.Fatalf("error %v", err)
	}
	w.eventuallyRunning("one", "orphan", "orphan", "orphan")
}

func TestReconcileLeavesAStartAlone(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.engine.mu.Lock()
	w.engine.awaiting = make(chan struct{})
	w.engine.mu.Unlock()
	result := make(chan error, 1)
	go func() {
		_, err := w.push(context.WithoutCancel(t.Context()), "main", tree{"image": "two"})
		result <- err
	}()
	w.eventuallyRunning("one", "two")
	if err := w.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventuallyRunning("one", "two")
	close(w.engine.awaiting)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	w.eventuallyRunning("two")
}

func TestInterruptedDeploymentsFailAtTheNextStart(t *testing.T) {
	w := newWorld(t)
	w.halt()
	d, err := w.store.CreateDeployment(t.Context(), paas.Deployment{Project: w.project.ID, State: paas.Building, Reason: paas.ReasonPush})
	if err != nil {
		t.Fatal(err)
	}
	w.engine.Launch(t.Context(), paas.ContainerSpec{Project: w.project.ID, Deployment: d.Number, Image: "half"})
	w.serve(t.TempDir())
	w.eventuallyRunning()
	if d, _ = w.Deployment(t.Context(), w.ada, w.project.ID, d.Number); d.State != paas.Failed || d.Diagnosis.Code != paas.EInterrupted {
		t.Errorf("deployment %+v", d)
	}
}
