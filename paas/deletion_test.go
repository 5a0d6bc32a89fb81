package paas_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// failingEngine fails to forget as often as told.
type failingEngine struct {
	*fakeEngine
	failures int
}

func (e *failingEngine) Forget(ctx context.Context, project paas.ProjectID) error {
	if e.failures > 0 {
		e.failures--
		return errors.New("the engine went away")
	}
	return e.fakeEngine.Forget(ctx, project)
}

// TestDeletionThatBrokeOffIsFinished: from its begin on nobody finds anything any more, and the next
// round does what is left.
func TestDeletionThatBrokeOffIsFinished(t *testing.T) {
	engine := &failingEngine{failures: 1}
	tw := newTown(t, func(o *paas.Options) {
		engine.fakeEngine = o.Engine.(*fakeEngine)
		o.Engine = engine
	})
	ctx := t.Context()
	_, err := engine.Launch(ctx, paas.ContainerSpec{Project: tw.project.ID, Image: "one"})
	tw.must(err)
	will, err := tw.UserDeletion(ctx, "ada")
	tw.must(err)
	if len(will.Projects) != 1 || will.Containers != 1 || will.Disk != 1<<10 {
		t.Errorf("it would take along %+v", will)
	}
	tw.wantCode(paas.EUnavailable, tw.DeleteOwnAccount(ctx, tw.ada, "correct horse", home))

	if len(tw.running()) != 1 || len(tw.repos.heads) != 1 {
		t.Fatal("the deletion did not break off")
	}
	tw.wantCode(paas.EBadLogin, tw.login("ada@example.com", "correct horse"))
	if _, err := tw.Project(ctx, tw.ada, tw.project.ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("the project is found: %v", err)
	}
	_, err = tw.CreateUser(ctx, paas.NewUser{Username: "Ada", Email: "other@example.com", Password: "a fine day"})
	tw.wantCode(paas.ETaken, err)

	tw.Clean(ctx)
	if len(tw.running()) != 0 || len(tw.repos.heads) != 0 {
		t.Errorf("left: containers %v, repositories %v", tw.running(), tw.repos.heads)
	}
	tw.wantSound()
	_, err = tw.CreateUser(ctx, paas.NewUser{Username: "Ada", Email: "other@example.com", Password: "a fine day"})
	tw.must(err)
}

// findings names the parts that something is wrong with, each once.
func (tw *town) findings() []string {
	tw.t.Helper()
	found, err := tw.Examine(tw.t.Context())
	tw.must(err)
	var parts []string
	for _, finding := range found.Findings() {
		parts = append(parts, finding.Part)
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// repair repairs and returns what was done.
func (tw *town) repair() []string {
	tw.t.Helper()
	found, err := tw.Repair(tw.t.Context())
	tw.must(err)
	return found.Repaired
}

func (tw *town) wantSound() {
	tw.t.Helper()
	if parts := tw.findings(); len(parts) != 0 {
		tw.t.Errorf("something is wrong with %v", parts)
	}
}

// TestDoctorFindsOrphansAndRemovesThem plants something of a project that does not exist in every place.
func TestDoctorFindsOrphansAndRemovesThem(t *testing.T) {
	builder := &hoarder{fakeBuilder: &fakeBuilder{}, kept: map[paas.ProjectID]bool{}}
	tw := newTown(t, func(o *paas.Options) { o.Builder = builder })
	ctx := t.Context()
	tw.wantSound()

	orphan := paas.ProjectID("6f1c1b7e-9b0a-4c55-9d0c-2a7f0d6c9e11")
	_, err := tw.engine.Launch(ctx, paas.ContainerSpec{Project: orphan, Image: "orphan"})
	tw.must(err)
	tw.must(tw.engine.Stop(ctx, "orphan|1", 0))
	builder.kept[orphan], builder.kept[tw.project.ID] = true, true
	tw.must(tw.repos.Create(ctx, orphan))
	tw.must(os.MkdirAll(filepath.Join(tw.dir, "logs", string(orphan)), 0o700))
	if parts := tw.findings(); !slices.Equal(parts, []string{"containers", "images", "logs", "repositories"}) {
		t.Errorf("found %v", parts)
	}
	tw.repair()
	tw.wantSound()
	if _, there := tw.repos.heads[tw.project.ID]; !there || !builder.kept[tw.project.ID] {
		t.Error("a project that exists lost something")
	}
	tw.repair()

	tw.must(tw.repos.Delete(ctx, tw.project.ID))
	if parts := tw.findings(); !slices.Equal(parts, []string{"repositories"}) {
		t.Errorf("a project without its repository: found %v", parts)
	}
}

// hoarder is a builder that keeps images.
type hoarder struct {
	*fakeBuilder
	kept map[paas.ProjectID]bool
}

func (h *hoarder) Forget(_ context.Context, id paas.ProjectID) error {
	delete(h.kept, id)
	return nil
}

func (h *hoarder) Projects(context.Context) ([]paas.ProjectID, error) {
	var all []paas.ProjectID
	for id := range h.kept {
		all = append(all, id)
	}
	return all, nil
}
