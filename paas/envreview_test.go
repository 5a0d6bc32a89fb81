package paas_test

import (
	"fmt"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func to(value paas.Secret) *paas.Secret { return &value }

func TestReviewSaysWhatWouldChange(t *testing.T) {
	w := newWorld(t)
	id, admin := w.project.ID, paas.User{ID: "eve", IsAdmin: true}
	set := func(change paas.EnvChange) {
		t.Helper()
		if _, _, err := w.ChangeEnv(t.Context(), w.ada, id, change); err != nil {
			t.Fatal(err)
		}
	}
	set(paas.EnvChange{Set: map[string]*paas.Secret{"A": to("1"), "B": to("2"), "C": to("3")}})
	set(paas.EnvChange{Build: true, Set: map[string]*paas.Secret{"A": to("9")}})
	for _, test := range []struct {
		caller paas.User
		change paas.EnvChange
		want   string
	}{
		{w.ada, paas.EnvChange{}, "[] [] []"},
		{w.ada, paas.EnvChange{Set: map[string]*paas.Secret{"A": to("1"), "B": to("x"), "C": nil, "D": to(""), "E": nil}}, "[D] [B] [C]"},
		{w.ada, paas.EnvChange{Replace: paas.Env{"A": "1", "Z": "1"}}, "[Z] [] [B C]"},
		{w.ada, paas.EnvChange{Build: true, Replace: paas.Env{"A": "1"}, Set: map[string]*paas.Secret{"B": to("1")}}, "[B] [A] []"},
		{admin, paas.EnvChange{Set: map[string]*paas.Secret{"A": to("1"), "B": nil}}, "[] [A] [B]"}, // not told that A is 1
		{admin, paas.EnvChange{Replace: paas.Env{"A": "guess"}}, "[] [A] [B C]"},
	} {
		review, err := w.ReviewEnv(t.Context(), test.caller, id, test.change)
		if got := fmt.Sprint(review.Added, review.Changed, review.Removed); err != nil || got != test.want || len(review.Set) != len(review.Added)+len(review.Changed)+len(review.Removed) {
			t.Errorf("%v for %s: %s with %v, %v; not %s", test.change, test.caller.ID, got, review.Set, err, test.want)
		}
	}
	if _, err := w.ReviewEnv(t.Context(), w.ada, id, paas.EnvChange{Set: map[string]*paas.Secret{"1A": to("")}}); !paas.IsKind(err, paas.Invalid) {
		t.Errorf("a bad name: %v", err)
	}
	if _, err := w.ReviewEnv(t.Context(), paas.User{ID: "bob"}, id, paas.EnvChange{}); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("somebody else: %v", err)
	}
}

func TestReviewedChangeHoldsForWhatWasReviewed(t *testing.T) {
	w := newWorld(t)
	id, change := w.project.ID, paas.EnvChange{Set: map[string]*paas.Secret{"A": to("1")}}
	review, err := w.ReviewEnv(t.Context(), w.ada, id, change)
	if err != nil {
		t.Fatal(err)
	}
	change.Revision = review.Revision
	project, _, err := w.ChangeEnv(t.Context(), w.ada, id, change)
	if err != nil || project.Env["A"] != "1" {
		t.Errorf("as reviewed: %v, %v", project.Env.Lines(), err)
	}
	if project, _, err = w.ChangeEnv(t.Context(), w.ada, id, change); !paas.IsCode(err, paas.EConflict) || project.ID != "" {
		t.Errorf("after another change: %+v, %v", project, err)
	}
}

func TestSumsOfValuesDoNotDependOnLineEnds(t *testing.T) {
	w := newWorld(t)
	if w.EnvSum("A", "x\r\ny") != w.EnvSum("A", "x\ny") || w.EnvSum("A", "x") == w.EnvSum("B", "x") || w.EnvSum("A", "x") == w.EnvSum("A", "y") {
		t.Error("a sum is of the name and of the value's lines")
	}
}

// TestStoredChangeThatCannotRollOut is told apart from one that was not stored.
func TestStoredChangeThatCannotRollOut(t *testing.T) {
	w := newWorld(t)
	deploy := true
	change := paas.EnvChange{Set: map[string]*paas.Secret{"A": to("1")}, Deploy: &deploy}
	project, deployment, err := w.ChangeEnv(t.Context(), w.ada, w.project.ID, change)
	if !paas.IsCode(err, paas.ENeverBuilt) || project.Env["A"] != "1" || deployment != nil && deployment.Number != 0 {
		t.Errorf("%+v, %+v, %v", project, deployment, err)
	}
	change.Set = map[string]*paas.Secret{"-": to("1")}
	if project, _, err = w.ChangeEnv(t.Context(), w.ada, w.project.ID, change); !paas.IsKind(err, paas.Invalid) || project.ID != "" {
		t.Errorf("a bad name: %+v, %v", project, err)
	}
}

func TestWaitingIsWhatDoesNotRunYet(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	no := false
	if _, _, err := w.ChangeEnv(t.Context(), w.ada, w.project.ID, paas.EnvChange{Set: map[string]*paas.Secret{"A": to("1")}, Deploy: &no}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.UpdateProject(t.Context(), w.ada, w.project.ID, paas.ProjectChange{App: &paas.App{Release: "true"}, Later: true}); err != nil {
		t.Fatal(err)
	}
	waiting, err := w.Waiting(t.Context(), w.ada, w.project.ID)
	if err != nil || fmt.Sprint(waiting.Variables.Added) != "[A]" || !waiting.Settings {
		t.Errorf("%+v, %v", waiting, err)
	}
	if _, err := w.Deploy(t.Context(), w.ada, w.project.ID, paas.DeployOptions{}); err != nil {
		t.Fatal(err)
	}
	if waiting, err = w.Waiting(t.Context(), w.ada, w.project.ID); err != nil || !waiting.Variables.Empty() || waiting.Settings {
		t.Errorf("after a deployment: %+v, %v", waiting, err)
	}
}
