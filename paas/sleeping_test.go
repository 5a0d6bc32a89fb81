package paas_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// sleepy is a project that is live and may sleep after a minute.
func sleepy(t *testing.T, set paas.App) *world {
	t.Helper()
	w := newWorld(t)
	w.mustPush("one")
	set.Sleep.After = paas.Duration(time.Minute)
	if _, err := w.store.ChangeProject(t.Context(), w.project.ID, func(project *paas.Project) error {
		project.App = set
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Restart(t.Context(), w.ada, w.project.ID, nil); err != nil {
		t.Fatal(err)
	}
	w.eventually("one container is left", func() bool { return len(w.containers()) == 1 })
	if err := w.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) containers() []paas.Container {
	all, _ := w.engine.Containers(w.t.Context())
	return all
}

// depth is what the store keeps, and what runs and is routed must agree with.
func (w *world) depth() paas.Depth {
	w.t.Helper()
	project, err := w.store.Project(w.t.Context(), w.project.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	state, all := w.router.state(w.Hostname(w.project.ID)), w.containers()
	if len(all) != 1 {
		w.t.Fatalf("%d containers", len(all))
	}
	c := all[0]
	agrees := map[paas.Depth]bool{
		paas.Awake:  state == paas.RouteLive && c.Running && !c.Paused && c.Kept,
		paas.Frozen: state == paas.RouteSleeping && c.Running && c.Paused,
		paas.Asleep: state == paas.RouteSleeping && !c.Running && !c.Kept,
	}[project.Depth]
	if !agrees {
		w.t.Errorf("depth %q, route %s, container %+v", project.Depth, state, c)
	}
	return project.Depth
}

func (w *world) is(want paas.Depth, when string) {
	w.t.Helper()
	if got := w.depth(); got != want {
		w.t.Errorf("%s: %q, not %q", when, got, want)
	}
}

func TestIdleProjectsSleep(t *testing.T) {
	w := sleepy(t, paas.App{})
	ctx, now := t.Context(), time.Now()
	w.TuckIn(ctx, now.Add(50*time.Second))
	w.is(paas.Awake, "before its time")
	w.router.use(w.project.ID, now.Add(50*time.Second), 0)
	w.TuckIn(ctx, now.Add(100*time.Second))
	w.is(paas.Awake, "50 s after a request")
	w.router.use(w.project.ID, now, 1) // one is open since long ago
	w.TuckIn(ctx, now.Add(200*time.Second))
	w.is(paas.Awake, "a request in flight")
	w.router.use(w.project.ID, now, 0)
	w.TuckIn(ctx, now.Add(261*time.Second))
	w.is(paas.Frozen, "a minute after its end")
	project, err := w.store.Project(ctx, w.project.ID)
	if err != nil {
		t.Fatal(err)
	}
	states, err := w.States(ctx, []paas.Project{project})
	if err != nil {
		t.Fatal(err)
	}
	if states[w.project.ID].Status != paas.StatusSleeping || paas.StatusSleeping.Legacy() != "STATUS_RUNNING" {
		t.Errorf("it shows %s", states[w.project.ID].Status)
	}
	if err := w.Reconcile(ctx); err != nil {
		t.Fatal(err)
	}
	w.is(paas.Frozen, "reconciled")
	w.TuckIn(ctx, project.SleptAt.Add(61*time.Second))
	w.is(paas.Asleep, "as long again")
	if err := w.Reconcile(ctx); err != nil {
		t.Fatal(err)
	}
	w.is(paas.Asleep, "reconciled")

	w.halt()
	w.router.routes = map[paas.Hostname]paas.Route{}
	w.serve(t.TempDir())
	w.eventually("a daemon later the route is back", func() bool {
		return w.router.state(w.Hostname(w.project.ID)) == paas.RouteSleeping
	})
	w.is(paas.Asleep, "a daemon later")
	runs := w.engine.runs
	var wakes sync.WaitGroup
	for range 20 {
		wakes.Go(func() {
			if err := w.Rouse(ctx, w.project.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wakes.Wait()
	w.eventually("it is awake", func() bool {
		project, err := w.store.Project(ctx, w.project.ID)
		return err == nil && project.Depth == paas.Awake
	})
	w.is(paas.Awake, "woken")
	if w.engine.runs != runs || w.Wakes()[w.project.ID].Count != 1 {
		t.Errorf("%d containers made, wakes %+v", w.engine.runs-runs, w.Wakes())
	}
	kinds := w.kinds()
	for _, kind := range []paas.EventKind{paas.EventProjectSlept, paas.EventProjectWoke} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("no event %s in %v", kind, kinds)
		}
	}
	if slices.Contains(kinds, paas.EventRestarted) {
		t.Error("that it was woken is told as a restart")
	}
}

// kinds are those of the project's events.
func (w *world) kinds() []paas.EventKind {
	w.t.Helper()
	events, err := w.Platform.Events(w.t.Context(), w.ada, w.project.ID, 0, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var kinds []paas.EventKind
	for _, event := range events {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

func TestWhatKeepsAProjectAwake(t *testing.T) {
	w := sleepy(t, paas.App{Sleep: paas.Sleep{Unless: []string{"web"}}})
	w.TuckIn(t.Context(), time.Now().Add(time.Hour))
	w.is(paas.Awake, "one of the processes that keep it awake runs")
}

func TestSleepAndWakeByHand(t *testing.T) {
	w := sleepy(t, paas.App{})
	ctx := t.Context()
	w.router.use(w.project.ID, time.Now(), 1)
	if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("put to sleep under a request: %v", err)
	}
	w.is(paas.Awake, "under a request")
	w.router.use(w.project.ID, time.Now(), 0)
	for range 2 { // it is no error that it does
		if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); err != nil {
			t.Fatal(err)
		}
		w.is(paas.Asleep, "put to sleep")
	}
	if err := w.Wake(ctx, w.ada, w.project.ID); err != nil {
		t.Fatal(err)
	}
	w.is(paas.Awake, "woken")

	if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Restart(ctx, w.ada, w.project.ID, nil); err != nil {
		t.Fatal(err)
	}
	w.eventually("one container is left", func() bool { return len(w.containers()) == 1 })
	w.is(paas.Awake, "deployed")
	if err := w.Stop(ctx, w.ada, w.project.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("what is stopped sleeps: %v", err)
	}
}

// TestSleepWaitsForALook: what only looks after a project keeps nobody from putting it to sleep; who has its turn for
// longer does.
func TestSleepWaitsForALook(t *testing.T) {
	w := sleepy(t, paas.App{})
	release := w.Hold(w.project.ID)
	if err := w.Platform.Sleep(t.Context(), w.ada, w.project.ID, paas.Asleep); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("put to sleep in another's turn: %v", err)
	}
	w.is(paas.Awake, "in another's turn")
	time.AfterFunc(50*time.Millisecond, release)
	if err := w.Platform.Sleep(t.Context(), w.ada, w.project.ID, paas.Asleep); err != nil {
		t.Errorf("put to sleep after a look: %v", err)
	}
	w.is(paas.Asleep, "after a look")
}

// TestAWakeThatFails says why, and leaves the project to whoever looks after what keeps ending.
func TestAWakeThatFails(t *testing.T) {
	w := sleepy(t, paas.App{})
	ctx := t.Context()
	if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); err != nil {
		t.Fatal(err)
	}
	image := paas.ImageRef("one")
	for _, c := range w.containers() {
		if live, err := w.store.LiveDeployment(ctx, w.project.ID); err == nil && c.Deployment == live.Number {
			image = live.Image.Ref
		}
	}
	w.engine.mu.Lock()
	w.engine.readiness[image] = paas.Readiness{Ended: true, ExitCode: 3}
	w.engine.says = "Error: Cannot find module 'express'"
	w.engine.mu.Unlock()
	if err := w.Rouse(ctx, w.project.ID); !paas.IsCode(err, paas.EMissingModule) {
		t.Errorf("the wake: %v", err)
	}
	w.eventually("it counts as awake", func() bool {
		project, err := w.store.Project(ctx, w.project.ID)
		return err == nil && project.Depth == paas.Awake
	})
	if wakes := w.Wakes()[w.project.ID]; wakes.Failed != 1 {
		t.Errorf("wakes %+v", wakes)
	}
}

// TestOneOfManyWakes: an application is awake when one of its containers answers.
func TestOneOfManyWakes(t *testing.T) {
	w := sleepy(t, paas.App{})
	ctx := t.Context()
	if _, _, err := w.Scale(ctx, w.ada, w.project.ID, paas.Formation{"web": 2}, nil); err != nil {
		t.Fatal(err)
	}
	w.eventually("two containers are left", func() bool { return len(w.containers()) == 2 })
	if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); err != nil {
		t.Fatal(err)
	}
	broken := w.containers()[0].ID
	w.engine.mu.Lock()
	w.engine.unwell[broken] = paas.Readiness{Ended: true, ExitCode: 3}
	w.engine.mu.Unlock()
	if err := w.Rouse(ctx, w.project.ID); err != nil {
		t.Errorf("the wake: %v", err)
	}
	route := w.router.routes[w.Hostname(w.project.ID)]
	if route.State != paas.RouteLive || len(route.Targets) != 1 {
		t.Errorf("the route %+v", route)
	}
}

// gate is output that is not taken before the gate opens.
type gate struct{ entered, open chan struct{} }

func (g gate) Write(text []byte) (int, error) {
	close(g.entered)
	<-g.open
	return len(text), nil
}

// command runs one in the project until its output may go on; it has begun when begin returns, and its end is told.
func (w *world) command() (begin func(), output gate, ended chan error) {
	output, ended = gate{make(chan struct{}), make(chan struct{})}, make(chan error, 1)
	return func() {
		go func() {
			_, err := w.Exec(w.t.Context(), w.ada, w.project.ID, "", []string{"sleep", "3600"}, paas.Streams{Output: output})
			ended <- err
		}()
		<-output.entered
	}, output, ended
}

// TestCommandsKeepAwake: a project does not go to sleep under a command, however long that takes.
func TestCommandsKeepAwake(t *testing.T) {
	w := sleepy(t, paas.App{})
	ctx := t.Context()
	begin, output, ended := w.command()
	begin()
	if err := w.Platform.Sleep(ctx, w.ada, w.project.ID, paas.Asleep); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("put to sleep under a command: %v", err)
	}
	hourLater := time.Now().Add(time.Hour)
	w.TuckIn(ctx, hourLater)
	w.is(paas.Awake, "under a command")
	close(output.open)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.TuckIn(ctx, hourLater.Add(2*time.Minute))
	w.is(paas.Frozen, "after it")
}

// TestSleepersKeepTheirPlace: what sleeps counts for its owner's limits, or its wake would pass them.
func TestSleepersKeepTheirPlace(t *testing.T) {
	w, second := bounded(t, paas.UserLimits{Containers: 1})
	ctx, first := t.Context(), w.project
	w.mustPush("one")
	w.eventuallyRunning("one")
	if err := w.Platform.Sleep(ctx, w.ada, first.ID, paas.Asleep); err != nil {
		t.Fatal(err)
	}
	w.project = second
	if _, err := w.push(ctx, "main", tree{"image": "two"}); !paas.IsCode(err, paas.EQuotaContainers) {
		t.Errorf("a second project beside one that sleeps: %v", err)
	}
	if err := w.Wake(ctx, w.ada, first.ID); err != nil {
		t.Error(err)
	}
	if used, err := w.Usage(ctx, w.ada.ID); err != nil || used.Containers != 1 {
		t.Errorf("used %+v, %v", used, err)
	}
}
