package api_test

import (
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// TestRememberedListsAreNeverStale asks for the list before and after every kind of change, often
// enough to be answered from memory in between.
func TestRememberedListsAreNeverStale(t *testing.T) {
	w := newWorld(t)
	ask := func() []string {
		t.Helper()
		var names []string
		for range 3 {
			projects, err := w.ada.Projects(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			names = names[:0]
			for _, p := range projects {
				names = append(names, p.Name+" "+string(p.Status)+" "+p.Config.Env["A"].Reveal())
			}
		}
		return names
	}
	expect := func(want string) {
		t.Helper()
		if got := ask(); len(got) != 1 || got[0] != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	expect("hello new ")
	w.mustPush("one")
	expect("hello running ")
	value := paas.Secret("1")
	if _, _, err := w.platform.ChangeEnv(t.Context(), w.ada.User, w.project.ID, paas.EnvChange{Set: map[string]*paas.Secret{"A": &value}}); err != nil {
		t.Fatal(err)
	}
	expect("hello running 1")
	if err := w.ada.Stop(t.Context(), w.project.ID); err != nil {
		t.Fatal(err)
	}
	expect("hello stopped 1")
	if projects, err := w.bob.Projects(t.Context()); err != nil || len(projects) != 0 {
		t.Errorf("bob sees %v, %v", projects, err)
	}
	if err := w.ada.DeleteProject(t.Context(), w.project.ID); err != nil {
		t.Fatal(err)
	}
	if got := ask(); len(got) != 0 {
		t.Errorf("after the deletion: %q", got)
	}
	if err := w.ada.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ada.Projects(t.Context()); !paas.IsKind(err, paas.Unauthenticated) {
		t.Errorf("after the log-out: %v", err)
	}
}
