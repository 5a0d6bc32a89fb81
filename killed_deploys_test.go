package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDeploysKilledAtAnyMoment (T10, T4) kills the daemon while it builds, scales, restarts, configures and
// deletes projects, one that runs among them. After each start the application answers within a second, beside
// what Docker takes to tell what runs while it ends what it was at, and goes on, the store and the engine agree, what was acknowledged is there, nothing is left of what is gone,
// and nothing stays in progress.
func TestDeploysKilledAtAnyMoment(t *testing.T) {
	rounds, every := 4, 2 // of which one deletes a project that runs
	soak := os.Getenv("PAASTECH_SOAK") == "1"
	if soak {
		rounds, every = 200, 10
	}
	a := newPlain(t, 500*time.Millisecond)
	w := &changes{echo: a}
	var all comebacks
	for round := 0; round < rounds || w.count == 0 && round < 5*rounds; round++ { // a busy machine acknowledges little in 3 s
		condemned := ""
		if round%every == 0 {
			condemned = a.beside("plain", fmt.Sprint("condemned-", round)).id
			if status := a.call(http.MethodPatch, "/projects/"+condemned+"/scale", map[string]int{"web": 2}, nil); status != http.StatusOK {
				t.Fatalf("scale: %d", status)
			}
		}
		var working sync.WaitGroup
		working.Go(func() { w.make(round) })
		gone := condemned == ""
		if !gone {
			working.Go(func() { gone = a.call(http.MethodDelete, "/projects/"+condemned, nil, nil) == http.StatusOK })
		}
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond) // a random moment is what is tested
		a.kill()
		working.Wait()
		back := a.watchedComeback(func() {
			a.start()
			a.until("it answers", a.answers)
			a.check()
			a.agrees(w.acknowledged)
		})
		all = append(all, back)
		if back.failed > 0 {
			t.Errorf("round %d: %d of %d requests failed after the application had answered again", round, back.failed, back.sent)
		}
		w.holds()
		a.isGone(condemned, gone)
		if round%20 == 19 {
			t.Logf("%d rounds, %d changes and %d builds acknowledged", round+1, w.count, w.builds)
		}
	}
	t.Logf("%d rounds, %d changes and %d builds acknowledged; %s", len(all), w.count, w.builds, all)
	if w.count == 0 {
		t.Error("nothing was acknowledged: nothing was tested")
	}
	if slowest := all.slowest(); soak && slowest.took-slowest.engine > time.Second {
		t.Errorf("after a start the application answered only %s later, of which Docker took %s", slowest.took, slowest.engine)
	}
}

// changes is what is done to an application until its daemon dies, and what of it was acknowledged.
type changes struct {
	*echo
	acknowledged  string // the last value of the variable
	commit        string // the last one that was pushed
	count, builds int
}

// make changes the application, in another order every round.
func (w *changes) make(round int) {
	for n := 0; ; n++ {
		greeting := fmt.Sprintf("g%03d-%03d", round, n)
		kind := (round + n) % 5
		switch w.once(kind, greeting) {
		case http.StatusOK:
			w.count++
			if kind == 0 {
				w.acknowledged = greeting
			}
		case 0:
			return
		}
	}
}

// once makes one change and returns its status, 0 when the daemon has died.
func (w *changes) once(kind int, greeting string) int {
	project := "/projects/" + w.id
	switch kind {
	case 0:
		return w.call(http.MethodPatch, project+"/env", map[string]any{"env": map[string]string{"GREETING": greeting}}, nil)
	case 1:
		return w.call(http.MethodPatch, project+"/scale", map[string]int{"web": 1 + rand.IntN(2), "worker": rand.IntN(2)}, nil)
	case 2:
		return w.call(http.MethodPost, project+"/restart", nil, nil)
	case 3:
		var made struct{ ID string }
		if status := w.call(http.MethodPost, "/projects", map[string]any{"name": "other-" + greeting}, &made); status != http.StatusCreated {
			return status
		}
		return w.call(http.MethodDelete, "/projects/"+made.ID, nil, nil)
	default:
		return w.build(greeting)
	}
}

// build pushes a commit; one that was acknowledged is remembered.
func (w *changes) build(greeting string) int {
	w.run("git", "commit", "-q", "--allow-empty", "-m", greeting)
	commit := strings.TrimSpace(w.run("git", "rev-parse", "HEAD"))
	if out, err := w.push(); err != nil {
		if w.call(http.MethodGet, "/healthz", nil, nil) == http.StatusOK {
			w.t.Errorf("a push failed under a daemon that lives: %v\n%s", err, out)
		}
		return 0
	}
	w.commit = commit
	w.builds++
	return http.StatusOK
}

// holds tells whether the last commit that was acknowledged, or a later one, is the branch and what runs.
func (w *changes) holds() {
	w.t.Helper()
	if w.commit == "" {
		return
	}
	var project struct{ Live struct{ Commit string } }
	if status := w.call(http.MethodGet, "/projects/"+w.id, nil, &project); status != http.StatusOK {
		w.t.Fatalf("the project: %d", status)
	}
	branch, _, _ := strings.Cut(w.run("git", "ls-remote", "paastech", "refs/heads/main"), "\t")
	for _, now := range []string{branch, project.Live.Commit} {
		w.run("git", "merge-base", "--is-ancestor", w.commit, now)
	}
}

// isGone deletes a project unless that was acknowledged, and looks for what Docker keeps of it.
func (a *echo) isGone(id string, acknowledged bool) {
	a.t.Helper()
	if id == "" {
		return
	}
	status := a.call(http.MethodGet, "/projects/"+id, nil, nil)
	if acknowledged && status != http.StatusNotFound {
		a.t.Errorf("a deletion was acknowledged, and the project: %d", status)
	}
	if status == http.StatusOK {
		if status := a.call(http.MethodDelete, "/projects/"+id, nil, nil); status != http.StatusOK {
			a.t.Fatalf("delete: %d", status)
		}
	}
	a.until("nothing is left of a deleted project", func() bool { return len(a.remains(id)) == 0 })
}

// remains are the containers, networks, volumes and images of a project that Docker has.
func (a *echo) remains(id string) (all []string) {
	a.t.Helper()
	for _, list := range [][]string{
		{"ps", "-aq", "--filter", "label=paastech.project=" + id},
		{"network", "ls", "-q", "--filter", "label=paastech.project=" + id},
		{"volume", "ls", "-q", "--filter", "label=paastech.project=" + id},
		{"image", "ls", "-q", "--filter", "reference=*/" + id + "*"},
		{"image", "ls", "-q", "--filter", "reference=*/" + id + "/*"},
	} {
		all = append(all, strings.Fields(docker(a.t, list...))...)
	}
	return all
}

// comeback is how an application answered after its daemon's start.
type comeback struct {
	took         time.Duration // until the first answer
	engine       time.Duration // Docker needed, at the same time, to tell of all that runs
	sent, failed int           // after that
}

// comebacks are those after many starts.
type comebacks []comeback

// slowest is the one that took most beside what Docker needed.
func (all comebacks) slowest() comeback {
	return slices.MaxFunc(all, func(a, b comeback) int { return cmp.Compare(a.took-a.engine, b.took-b.engine) })
}

// String is for people.
func (all comebacks) String() string {
	spread := func(of func(comeback) time.Duration) string {
		var times []time.Duration
		for _, one := range all {
			times = append(times, of(one).Round(time.Millisecond))
		}
		slices.Sort(times)
		return fmt.Sprintf("after %s, at most %s", times[len(times)/2], times[len(times)-1])
	}
	slowest := all.slowest()
	return fmt.Sprintf("answers came back %s; Docker told what runs %s; the slowest took %s when Docker took %s",
		spread(func(c comeback) time.Duration { return c.took }), spread(func(c comeback) time.Duration { return c.engine }), slowest.took, slowest.engine)
}

// watchedComeback asks without a pause while the daemon is started and what comes after that is done.
func (a *echo) watchedComeback(do func()) (seen comeback) {
	began := time.Now()
	ctx, stop := context.WithCancel(a.t.Context())
	var asking sync.WaitGroup
	asking.Go(func() {
		for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			switch answered := a.answers(); {
			case seen.took > 0:
				seen.sent++
				if !answered {
					seen.failed++
				}
			case answered:
				seen.took = time.Since(began)
			}
		}
	})
	asking.Go(func() { seen.engine = engineTells(ctx) })
	do()
	stop()
	asking.Wait()
	return seen
}

// engineTells is how long Docker needs for what a start asks of it: which containers there are, and what each is.
// It waits for those that it is about to start or remove.
func engineTells(ctx context.Context) time.Duration {
	began := time.Now()
	ids, _ := exec.CommandContext(ctx, "docker", "ps", "--all", "--quiet").Output()
	_ = exec.CommandContext(ctx, "docker", append([]string{"inspect"}, strings.Fields(string(ids))...)...).Run() // what is gone meanwhile is no news
	return time.Since(began)
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
