package paas_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Endings tells what a test has ended.
func (e *fakeEngine) Endings(context.Context) <-chan paas.Container { return e.ended }

// history is what happened to the project, oldest first, as kind and sentence.
func (w *world) history() []string {
	w.t.Helper()
	events, err := w.Events(w.t.Context(), w.ada, w.project.ID, 0, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, e := range slices.Backward(events) {
		all = append(all, string(e.Kind)+": "+e.Message)
	}
	return all
}

func TestWhatHappensToAProjectIsKept(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.mustPush("one")
	if _, err := w.push(ctx, "main", tree{"FAIL": ""}); err == nil {
		t.Fatal("a broken build was accepted")
	}
	value := paas.Secret("hush")
	if _, _, err := w.ChangeEnv(ctx, w.ada, w.project.ID, paas.EnvChange{Set: map[string]*paas.Secret{"B": &value, "A": &value}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.ChangeEnv(ctx, w.ada, w.project.ID, paas.EnvChange{Set: map[string]*paas.Secret{"A": nil}, Build: false, Deploy: new(bool)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Scale(ctx, w.ada, w.project.ID, paas.Formation{"web": 2}, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Stop(ctx, w.ada, w.project.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Start(ctx, w.ada, w.project.ID, nil); err != nil {
		t.Fatal(err)
	}
	name := "renamed"
	if _, err := w.UpdateProject(ctx, w.ada, w.project.ID, paas.ProjectChange{Name: &name}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"project.created: ada made the project hello.",
		"deployment: v1 is live (push of c0ffee by ada).",
		"deployment: v2 failed (push of c0ffee by ada): E_BUILD_FAILED: the build broke",
		"project.changed: ada set A, B.",
		"deployment: v3 is live (env by ada).",
		"project.changed: ada removed A.",
		"project.changed: ada asked for web=2.",
		"deployment: v4 is live (scale by ada).",
		"project.stopped: ada stopped it.",
		"deployment: v5 is live (start by ada).",
		"project.changed: ada renamed the project to renamed.",
	}
	if got := w.history(); !slices.Equal(got, want) {
		t.Errorf("happened:\n%s\nnot:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A crash loop is told when it begins and when it is over, and nothing of it in between.
func TestCrashesAreEvents(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	heard, err := w.WatchProject(watching, w.ada, w.project.ID)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := w.engine.Containers(t.Context())
	c := all[0]
	end := func(code int, oom bool) {
		c.ExitCode, c.OOMKilled = code, oom
		w.engine.ended <- c
	}
	next := func(kind paas.EventKind, text string) {
		t.Helper()
		for {
			select {
			case e := <-heard:
				if !e.Kind.OfContainer() {
					continue
				}
				if e.Kind != kind || !strings.Contains(e.Message, text) || e.ID == 0 || e.Process != "web.1" || e.Number != 1 {
					t.Fatalf("heard %+v, not %s", e, kind)
				}
				if kind == paas.EventOutOfMemory && *e.ExitCode != 137 {
					t.Errorf("exit code %d", *e.ExitCode)
				}
				return
			case <-time.After(5 * time.Second):
				t.Fatalf("heard nothing of %s", kind)
			}
		}
	}
	end(3, false)
	next(paas.EventEnded, "web.1 ended with exit code 3.")
	end(137, true)
	next(paas.EventOutOfMemory, "used more memory than its limit")
	end(139, false)
	next(paas.EventEnded, "by signal 11 (segmentation fault)")
	w.engine.ended <- paas.Container{ID: "never live", Project: w.project.ID, ExitCode: 1}

	restart := func(change func(*paas.Container)) {
		_ = w.engine.change(c.ID, change)
		if err := w.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	restart(func(c *paas.Container) { c.StartedAt = time.Now() })
	next(paas.EventRestarted, "web.1 was started again.")
	for range 2 {
		restart(func(c *paas.Container) {
			c.Running, c.Restarts, c.ExitCode, c.Kept = true, 3, 0, true // the engine was faster than the look
		})
	}
	next(paas.EventCrashing, "by signal 11 (segmentation fault). It keeps ending")
	end(1, false) // told already
	restart(func(c *paas.Container) {
		c.Running, c.Restarting, c.Restarts, c.StartedAt = true, false, 0, time.Now().Add(-3*time.Minute)
	})
	next(paas.EventCalm, "web.1 has been running for 2m again.")
}
