package paas_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// containersOf lists what runs, as process.index of deployment.
func (w *world) slots() []string {
	all, _ := w.engine.Containers(w.t.Context())
	var running []string
	for _, c := range all {
		if c.Running {
			running = append(running, paas.Operation{Kind: "run", Process: c.Process, Index: c.Index, Deployment: c.Deployment}.String())
		}
	}
	slices.Sort(running)
	return running
}

func (w *world) eventuallySlots(slots ...string) {
	w.t.Helper()
	for i := range slots {
		slots[i] = "run " + slots[i]
	}
	w.eventually(strings.Join(slots, ", "), func() bool { return slices.Equal(w.slots(), slots) })
}

func (w *world) targets() int {
	w.router.mu.Lock()
	defer w.router.mu.Unlock()
	return len(w.router.routes[w.Hostname(w.project.ID)].Targets)
}

func (w *world) said() string {
	var text strings.Builder
	for _, line := range w.logbook.Lines(w.project.ID) {
		text.WriteString(line.Text + "\n")
	}
	return text.String()
}

func TestScaleIsADeployment(t *testing.T) {
	w := newWorld(t)
	w.builder.types = []string{"worker", "release"}
	w.mustPush("one")
	w.eventuallySlots("web.1 of v1")
	_, d, err := w.Scale(t.Context(), w.ada, w.project.ID, paas.Formation{"web": 2, "worker": 1}, nil)
	if err != nil || d == nil || d.Number != 2 || d.Reason != paas.ReasonScale {
		t.Fatalf("scaled to %+v, %v", d, err)
	}
	w.eventuallySlots("web.1 of v2", "web.2 of v2", "worker.1 of v2")
	if w.targets() != 2 {
		t.Errorf("the route has %d targets: workers take no traffic", w.targets())
	}
	_, same, err := w.Scale(t.Context(), w.ada, w.project.ID, paas.Formation{"web": 2}, nil)
	if err != nil || same.Number != 2 {
		t.Errorf("scaling to what is there made %+v, %v", same, err)
	}
	for _, wrong := range []paas.Formation{{}, {"web": -1}, {"web": 51}, {"nobody": 1}, {"release": 1}, {"a b": 1}} {
		if _, _, err := w.Scale(t.Context(), w.ada, w.project.ID, wrong, nil); !paas.IsKind(err, paas.Invalid) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	w.mustPush("two")
	w.eventuallySlots("web.1 of v3", "web.2 of v3", "worker.1 of v3")
}

func TestAVersionOfWhichOneProcessFailsTakesNoTraffic(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	two := 2
	w.builder.plan.App.Processes = map[string]paas.ProcessSpec{"web": {Count: &two}}
	w.engine.readiness["bad"] = paas.Readiness{Ended: true, ExitCode: 1}
	if seen, err := w.push(t.Context(), "main", tree{"image": "bad"}); !paas.IsCode(err, paas.ECrashed) {
		t.Fatalf("error %v\n%s", err, seen)
	}
	w.eventuallySlots("web.1 of v1")
}

func TestReleaseCommandRunsOnceBeforeTheSwap(t *testing.T) {
	w := newWorld(t)
	w.builder.plan.App.Release = "migrate"
	seen := w.mustPush("one")
	if !strings.Contains(seen, "ran migrate") || len(w.engine.ran) != 1 || !w.engine.ran[0].OneOff || w.engine.ran[0].Hostname != "" {
		t.Fatalf("ran %+v\n%s", w.engine.ran, seen)
	}
	w.engine.endings["migrate"] = paas.Ending{ExitCode: 3}
	if seen, err := w.push(t.Context(), "main", tree{"image": "two"}); !paas.IsCode(err, paas.EReleaseFailed) || !strings.Contains(err.Error(), "exit code 3") {
		t.Fatalf("error %v\n%s", err, seen)
	}
	w.eventuallyRunning("one")
	if w.engine.runs != 1 {
		t.Errorf("%d containers were started although the release command failed", w.engine.runs)
	}
}

func TestRollbackIsANewDeploymentWithoutABuild(t *testing.T) {
	w := newWorld(t)
	no := false
	if _, _, err := w.ChangeEnv(t.Context(), w.ada, w.project.ID, paas.EnvChange{Replace: paas.Env{"COLOR": "red"}, Deploy: &no}); err != nil {
		t.Fatal(err)
	}
	w.mustPush("one")
	if _, _, err := w.ChangeEnv(t.Context(), w.ada, w.project.ID, paas.EnvChange{Replace: paas.Env{"COLOR": "blue"}, Deploy: &no}); err != nil {
		t.Fatal(err)
	}
	w.mustPush("two")
	builds := len(w.builder.builds)
	d, err := w.Rollback(t.Context(), w.ada, w.project.ID, 1, nil)
	if err != nil || d.Number != 3 || d.Reason != paas.ReasonRollback || d.Restores != 1 || d.Image.Ref != "one" || d.Env["COLOR"] != "red" {
		t.Fatalf("rolled back to %+v, %v", d, err)
	}
	w.eventuallyRunning("one")
	if len(w.builder.builds) != builds {
		t.Error("a rollback built something")
	}
	project, _ := w.Project(t.Context(), w.ada, w.project.ID)
	if project.Env["COLOR"] != "red" {
		t.Error("the project's variables are not those of the version that runs")
	}
	if again, err := w.Restart(t.Context(), w.ada, w.project.ID, nil); err != nil || again.Restores != 0 {
		t.Errorf("a restart says it rolls back to v%d, %v", again.Restores, err)
	}
	if _, err := w.Rollback(t.Context(), w.ada, w.project.ID, 9, nil); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("to a version that is not there: %v", err)
	}
}

func TestOnlyKeptVersionsAreRolledBackTo(t *testing.T) {
	w := newWorld(t)
	for _, image := range []string{"a", "b", "c", "d", "e", "f"} {
		w.mustPush(image)
	}
	w.eventually("five images are kept", func() bool {
		w.engine.mu.Lock()
		defer w.engine.mu.Unlock()
		return slices.Equal(w.engine.retained, []paas.ImageRef{"f", "e", "d", "c", "b"})
	})
	if _, err := w.Rollback(t.Context(), w.ada, w.project.ID, 1, nil); !paas.IsCode(err, paas.ENotKept) {
		t.Errorf("to the sixth: %v", err)
	}
	if _, err := w.Rollback(t.Context(), w.ada, w.project.ID, 2, nil); err != nil {
		t.Errorf("to the fifth: %v", err)
	}
}

func TestACanceledDeploymentLeavesWhatRan(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	for i, pushed := range []tree{{"image": "two", "SLOW": ""}, {"image": "three", "SLOW": "", "MUTE": ""}} {
		result := make(chan error, 1)
		go func() {
			_, err := w.push(t.Context(), "main", pushed)
			result <- err
		}()
		<-w.builder.building
		d, err := w.Cancel(t.Context(), w.ada, w.project.ID, i+2)
		if err != nil || d.State != paas.Aborted || d.Diagnosis.Code != paas.ECanceled {
			t.Fatalf("canceled to %s, %+v, %v", d.State, d.Diagnosis, err)
		}
		if err := <-result; !paas.IsKind(err, paas.Canceled) {
			t.Errorf("the pusher got %v", err)
		}
	}
	w.eventuallyRunning("one")
	if _, err := w.Cancel(t.Context(), w.ada, w.project.ID, 1); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("a live one: %v", err)
	}
}

func TestSettingsAreADeployment(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	app := paas.App{Limits: paas.Limits{Memory: 64 << 20}}
	if _, err := w.UpdateProject(t.Context(), w.ada, w.project.ID, paas.ProjectChange{App: &app}); err != nil {
		t.Fatal(err)
	}
	live := w.live()
	if live.Number != 2 || live.Reason != paas.ReasonSettings || live.App.Limits.Memory != 64<<20 {
		t.Errorf("live is %+v", live)
	}
	if _, err := w.UpdateProject(t.Context(), w.ada, w.project.ID, paas.ProjectChange{App: &app}); err != nil || w.live().Number != 2 {
		t.Errorf("the same settings again made v%d, %v", w.live().Number, err)
	}
	bad := paas.App{Health: paas.Health{Path: "x"}}
	if _, err := w.UpdateProject(t.Context(), w.ada, w.project.ID, paas.ProjectChange{App: &bad}); !paas.IsKind(err, paas.Invalid) {
		t.Errorf("wrong settings: %v", err)
	}
}

func TestACrashLoopRestsAndBeginsAgain(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.halt() // its loops must not come in between
	now := time.Now().UTC()
	w.SetClock(func() time.Time { return now })
	all, _ := w.engine.Containers(t.Context())
	id := all[0].ID
	crash := func() {
		_ = w.engine.change(id, func(c *paas.Container) {
			c.Running, c.Restarting, c.Restarts, c.ExitCode, c.StartedAt = false, true, 3, 1, now
		})
		if err := w.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	pauses := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second}
	for _, pause := range pauses {
		crash()
		state := w.status()
		if state.Status != paas.StatusCrashing || !state.NextStart.Equal(now.Add(pause)) || !strings.Contains(state.Why, "web.1 ended with exit code 1") {
			t.Fatalf("after a crash: %s, next start in %s, %q", state.Status, state.NextStart.Sub(now), state.Why)
		}
		if len(w.running()) != 0 || w.router.state(w.Hostname(w.project.ID)) != paas.RouteCrashed {
			t.Fatal("it still runs or has traffic")
		}
		now = now.Add(pause)
		if err := w.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(w.running()) != 1 {
			t.Fatalf("after %s it was not started again", pause)
		}
	}
	if !strings.Contains(w.said(), "It is started again in 20s.") {
		t.Errorf("the log does not say so:\n%s", w.said())
	}
	now = now.Add(3 * time.Minute)
	if err := w.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if state := w.status(); state.Status != paas.StatusStarting {
		t.Errorf("started again and not asked yet: %s", state.Status)
	}
}

func TestAnUnwellContainerLosesItsTrafficAndIsStartedAnew(t *testing.T) {
	w := newWorld(t)
	w.builder.plan.App = paas.App{Health: paas.Health{Interval: paas.Duration(time.Millisecond), Grace: paas.Duration(time.Millisecond), Failures: 2}}
	w.mustPush("one")
	if _, _, err := w.Scale(t.Context(), w.ada, w.project.ID, paas.Formation{"web": 2}, nil); err != nil {
		t.Fatal(err)
	}
	w.eventuallySlots("web.1 of v2", "web.2 of v2")
	all, _ := w.engine.Containers(t.Context())
	sick := all[slices.IndexFunc(all, func(c paas.Container) bool { return c.Index == 2 })]
	w.engine.mu.Lock()
	w.engine.unwell[sick.ID] = paas.Readiness{Connected: true, Status: 500}
	w.engine.mu.Unlock()
	w.eventually("it has no traffic", func() bool { return w.targets() == 1 })
	w.eventually("it was stopped", func() bool { return slices.Equal(w.slots(), []string{"run web.1 of v2"}) })
	w.eventually("it is an event", func() bool {
		return slices.ContainsFunc(w.history(), func(e string) bool {
			return strings.HasPrefix(e, "container.unhealthy: web.2 failed its health check 2 times: / answered 500")
		})
	})
	w.eventually("the log says why", func() bool { return strings.Contains(w.said(), "web.2 failed its health check") })
	if state := w.status(); state.Status != paas.StatusCrashing {
		t.Errorf("status %s", state.Status)
	}
}

func TestRunAndExec(t *testing.T) {
	w := newWorld(t)
	var out strings.Builder
	if _, err := w.RunCommand(t.Context(), w.ada, w.project.ID, []string{"true"}, paas.Streams{Output: &out}); !paas.IsCode(err, paas.ENeverBuilt) {
		t.Errorf("before the first push: %v", err)
	}
	w.mustPush("one")
	w.engine.endings["exit 7"] = paas.Ending{ExitCode: 7}
	ending, err := w.RunCommand(t.Context(), w.ada, w.project.ID, []string{"exit", "7"}, paas.Streams{Output: &out})
	if err != nil || ending.ExitCode != 7 || !strings.Contains(out.String(), "ran exit 7") {
		t.Errorf("run: %+v, %v, %q", ending, err, out.String())
	}
	if _, err := w.Exec(t.Context(), w.ada, w.project.ID, "web.1", []string{"ls"}, paas.Streams{Output: &out}); err != nil || !strings.Contains(out.String(), "ran ls in one|1") {
		t.Errorf("exec: %v, %q", err, out.String())
	}
	if _, err := w.Exec(t.Context(), w.ada, w.project.ID, "web.2", []string{"ls"}, paas.Streams{Output: &out}); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("exec where nothing runs: %v", err)
	}
	if _, err := w.Exec(t.Context(), w.ada, w.project.ID, "", nil, paas.Streams{}); !paas.IsKind(err, paas.Invalid) {
		t.Errorf("exec of nothing: %v", err)
	}
}

func TestCronRunsAtItsMinuteAndNeverTwiceAtOnce(t *testing.T) {
	w := newWorld(t)
	line := paas.CronLine{Schedule: "*/5 * * * *", Command: "sweep"}
	w.builder.plan.App.Cron = []paas.CronLine{line}
	w.mustPush("one")
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	w.RunCron(t.Context(), noon.Add(time.Minute))
	if len(w.engine.ran) != 0 {
		t.Fatal("it ran at 12:01")
	}
	w.engine.endings["sweep"] = paas.Ending{ExitCode: 1}
	w.RunCron(t.Context(), noon)
	runs, err := w.CronRuns(t.Context(), w.ada, w.project.ID, 10)
	if err != nil || len(runs) != 1 || runs[0].Line != line || runs[0].ExitCode != 1 || !runs[0].Due.Equal(noon) || runs[0].EndedAt == nil {
		t.Fatalf("runs %+v, %v", runs, err)
	}
	if !strings.Contains(w.said(), "ran sweep") {
		t.Error("its output is not in the log")
	}
	end := w.HoldCron(w.project.ID, line)
	w.RunCron(t.Context(), noon.Add(5*time.Minute))
	end()
	runs, _ = w.CronRuns(t.Context(), w.ada, w.project.ID, 10)
	if len(w.engine.ran) != 1 || len(runs) != 2 || !strings.Contains(runs[0].Note, "left out") {
		t.Errorf("ran %d times, runs %+v", len(w.engine.ran), runs)
	}
}

func TestPlanOfADeployment(t *testing.T) {
	w := newWorld(t)
	w.builder.plan.App.Release = "migrate"
	w.mustPush("one")
	operations, err := w.Plan(t.Context(), w.ada, w.project.ID)
	var said []string
	for _, o := range operations {
		said = append(said, o.String())
	}
	want := []string{"run the release command of v2", "launch web.1 of v2", "wait until web.1 of v2 is ready", "lead the traffic to v2", "retire web.1 of v1"}
	if err != nil || !slices.Equal(said, want) {
		t.Errorf("plan %q, %v", said, err)
	}
	if all, _ := w.Deployments(t.Context(), w.ada, w.project.ID, 0, 0); len(all) != 1 {
		t.Error("looking at a plan made a deployment")
	}
}

func TestStatesCountWhatRuns(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	if state := w.status(); !maps.Equal(state.Running, paas.Formation{"web": 1}) {
		t.Errorf("running %v", state.Running)
	}
}
