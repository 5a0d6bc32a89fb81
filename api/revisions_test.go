package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// TestChangesHoldForWhatWasSeen has two people change the same variables and settings: the second, who
// has not seen the change of the first, is told.
func TestChangesHoldForWhatWasSeen(t *testing.T) {
	w := newWorld(t)
	id := w.project.ID
	one, two := paas.Secret("1"), paas.Secret("2")
	seen, err := w.ada.SetEnv(t.Context(), id, map[string]*paas.Secret{"A": &one}, client.EnvOptions{})
	check(t, "set", err)
	_, err = w.admin.SetEnv(t.Context(), id, map[string]*paas.Secret{"A": &two}, client.EnvOptions{Revision: seen.Revision})
	check(t, "set what was seen", err)
	if _, err = w.ada.SetEnv(t.Context(), id, map[string]*paas.Secret{"B": &one}, client.EnvOptions{Revision: seen.Revision}); !paas.IsCode(err, paas.EConflict) {
		t.Errorf("set what is another by now: %v", err)
	}
	env, err := w.ada.Env(t.Context(), id, client.EnvOptions{})
	if err != nil || fmt.Sprint(env.Lines()) != "[A=2]" {
		t.Errorf("%v, %v", env.Lines(), err)
	}

	before, err := w.ada.Project(t.Context(), id)
	check(t, "project", err)
	change := wire.ProjectChange{Settings: &wire.SettingsChange{App: &paas.App{Health: paas.Health{Path: "/up"}}}}
	_, err = w.ada.UpdateProject(t.Context(), id, change, client.UpdateOptions{Revision: before.Settings.Revision})
	check(t, "change the settings that were seen", err)
	if _, err = w.ada.UpdateProject(t.Context(), id, change, client.UpdateOptions{Revision: before.Settings.Revision}); !paas.IsCode(err, paas.EConflict) {
		t.Errorf("change settings that are others by now: %v", err)
	}
}

// TestRevisionsTellNoValue compares those of a set whose values an administrator does not see.
func TestRevisionsTellNoValue(t *testing.T) {
	a, b := newWorld(t), newWorld(t)
	var revisions []string
	for _, w := range []*world{a, b} {
		guessable := paas.Secret("0000")
		changed, err := w.ada.SetEnv(t.Context(), w.project.ID, map[string]*paas.Secret{"PIN": &guessable}, client.EnvOptions{})
		check(t, "set", err)
		_, answer := w.raw("GET", "/api/v1/projects/"+string(w.project.ID)+"/env", "", w.admin.token)
		text, _ := json.Marshal(answer)
		if strings.Contains(string(text), "0000") || !strings.Contains(string(text), changed.Revision) {
			t.Errorf("%s", text)
		}
		revisions = append(revisions, changed.Revision)
	}
	if revisions[0] == revisions[1] || revisions[0] == "" {
		t.Errorf("the same value has the revision %q everywhere: it can be guessed", revisions)
	}
}

// TestSettingsForLater are stored, and the next deployment takes them along.
func TestSettingsForLater(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	id := w.project.ID
	change := wire.ProjectChange{Settings: &wire.SettingsChange{App: &paas.App{Limits: paas.Limits{Memory: 64 << 20}}}}
	p, err := w.ada.UpdateProject(t.Context(), id, change, client.UpdateOptions{Later: true})
	if err != nil || p.Live.Number != 1 || p.Live.App.Limits.Memory != 0 || p.Settings.App.Limits.Memory != 64<<20 {
		t.Fatalf("stored: %+v, %v", p, err)
	}
	made, err := w.ada.Deploy(t.Context(), id, nil, client.Wait)
	if err != nil || made.Number != 2 || made.App.Limits.Memory != 64<<20 {
		t.Errorf("the next deployment: %+v, %v", made, err)
	}
	if made, err = w.ada.Deploy(t.Context(), id, nil, client.Wait); err != nil || made.Number != 2 {
		t.Errorf("one more, with nothing that waits: %+v, %v", made, err)
	}
}
