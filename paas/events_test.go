package paas_test

import (
	"context"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestAdministratorsHearOfTheProjectsTheyLookAt(t *testing.T) {
	w := newWorld(t)
	admin, err := w.CreateUser(t.Context(), paas.NewUser{Username: "eve", Email: "eve@example.com", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Watch(t.Context(), admin, w.project.ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("a stranger watches: %v", err)
	}
	admin.IsAdmin = true
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	looks, err := w.Watch(ctx, admin, w.project.ID)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := w.Watch(ctx, admin)
	if err != nil {
		t.Fatal(err)
	}
	w.mustPush("one")
	select {
	case event := <-looks:
		if event.Project != w.project.ID || event.Kind != paas.EventDeployment {
			t.Errorf("heard of %+v", event)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing was heard")
	}
	select {
	case event := <-elsewhere:
		t.Errorf("an administrator who looks elsewhere hears of %+v", event)
	default:
	}
}

func TestFollowedLogOfADeploymentIsWholeAndEnds(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	var lines []string
	for line, err := range w.FollowDeploymentLog(t.Context(), w.ada, w.project.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		t.Error("the log of a deployment that went live is empty")
	}
	for _, err := range w.FollowDeploymentLog(t.Context(), w.ada, w.project.ID, 2) {
		if !paas.IsKind(err, paas.NotFound) {
			t.Errorf("the log of a deployment that is not there: %v", err)
		}
	}
}
