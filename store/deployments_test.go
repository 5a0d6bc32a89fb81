package store

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

func TestDeploymentsComeBackWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		project := someProject(t, s, ada, "blog")
		at := birth.Add(time.Minute)
		deployment, err := s.CreateDeployment(ctx, paas.Deployment{
			Project: project.ID, State: paas.Starting, Reason: paas.ReasonPush, By: ada.ID, Branch: "main", Commit: "0123456789abcdef", Note: paas.CommitNote{Subject: "Say \"hello\" <b>", Author: "Ada"},
			Image: paas.Image{Ref: "127.0.0.1:5000/x@sha256:1", Processes: []paas.Process{{Type: "web", Command: "node <app>", Default: true}}},
			Env:   paas.Env{"A": "1"}, Port: 8080, CreatedAt: birth, BegunAt: &birth, BuiltAt: &at,
		})
		must(t, err)
		if got, err := s.Deployment(ctx, project.ID, 1); err != nil || !reflect.DeepEqual(got, deployment) {
			t.Fatalf("got %#v, %v; want %#v", got, err, deployment)
		}

		must(t, deployment.Advance(paas.Failed, at))
		deployment.Diagnosis, deployment.Port = &paas.Diagnosis{Code: "E_NO_PORT", Message: "It never listened."}, 80
		must(t, s.UpdateDeployment(ctx, deployment))
		if got, err := s.Deployment(ctx, project.ID, 1); err != nil || !reflect.DeepEqual(got, deployment) {
			t.Fatalf("got %#v, %v; want %#v", got, err, deployment)
		}
		_, err = s.Deployment(ctx, project.ID, 2)
		wantKind(t, err, paas.NotFound)
		deployment.Number = 2
		wantKind(t, s.UpdateDeployment(ctx, deployment), paas.NotFound)
	})
}

func TestDeploymentsAreNumberedPerProject(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ada := someUser(t, s, "ada")
		projects := []paas.Project{someProject(t, s, ada, "a"), someProject(t, s, ada, "b")}
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() {
				if _, err := s.CreateDeployment(context.Background(), paas.Deployment{Project: projects[i%2].ID, CreatedAt: birth}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, project := range projects {
			got, err := s.Deployments(t.Context(), project.ID, 0, 0)
			must(t, err)
			if len(got) != 5 || got[0].Number != 5 || got[4].Number != 1 {
				t.Errorf("got %v, want numbers 5 to 1", got)
			}
			got, err = s.Deployments(t.Context(), project.ID, 5, 2)
			must(t, err)
			if len(got) != 2 || got[0].Number != 4 || got[1].Number != 3 {
				t.Errorf("got %v, want 4 and 3", got)
			}
		}
		_, err := s.CreateDeployment(t.Context(), paas.Deployment{Project: "gone"})
		wantKind(t, err, paas.NotFound)
	})
}

func TestOneDeploymentIsLive(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		project := someProject(t, s, someUser(t, s, "ada"), "blog")
		_, err := s.LiveDeployment(ctx, project.ID)
		wantKind(t, err, paas.NotFound)

		for number := 1; number <= 2; number++ {
			deployment, err := s.CreateDeployment(ctx, paas.Deployment{Project: project.ID, State: paas.Starting, CreatedAt: birth})
			must(t, err)
			must(t, deployment.Advance(paas.Live, birth.Add(time.Duration(number)*time.Minute)))
			must(t, s.UpdateDeployment(ctx, deployment))
			must(t, s.UpdateDeployment(ctx, deployment)) // its own successor it is not
			if live, err := s.LiveDeployment(ctx, project.ID); err != nil || live.Number != number {
				t.Fatalf("live is %v, %v; want %d", live, err, number)
			}
		}

		earlier, err := s.Deployment(ctx, project.ID, 1)
		must(t, err)
		if earlier.State != paas.Superseded || earlier.EndedAt == nil || !earlier.EndedAt.Equal(birth.Add(2*time.Minute)) {
			t.Errorf("the earlier one is %#v", earlier)
		}
		_, err = s.CreateDeployment(ctx, paas.Deployment{Project: project.ID, State: paas.Building, CreatedAt: birth})
		must(t, err)
		live, err := s.LiveDeployments(ctx)
		must(t, err)
		active, err := s.ActiveDeployments(ctx)
		must(t, err)
		if len(live) != 1 || live[0].Number != 2 || len(active) != 1 || active[0].Number != 3 {
			t.Errorf("live %v, active %v", live, active)
		}
	})
}

func TestACanceledCallSaysSo(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Users(ctx); err == nil || paas.IsKind(err, paas.NotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestACallCanceledAtItsCommitSaysSo(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.write(ctx, "commit late", func(*gorm.DB) error {
			cancel()
			time.Sleep(20 * time.Millisecond) // database/sql rolls back beside us
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestLatestDeployments(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		var ids []paas.ProjectID
		for _, name := range []string{"never", "failed", "live", "again"} {
			project := someProject(t, s, ada, name)
			ids = append(ids, project.ID)
			states := map[string][]paas.State{"failed": {paas.Failed, paas.Failed}, "live": {paas.Failed, paas.Live}, "again": {paas.Live, paas.Failed, paas.Building}}[name]
			for _, state := range states {
				d, err := s.CreateDeployment(ctx, paas.Deployment{Project: project.ID, State: state, Env: paas.Env{"A": "1"}, Image: paas.Image{Ref: "r"}, CreatedAt: birth})
				must(t, err)
				d.Env = nil // as LatestDeployments gives it
				must(t, s.UpdateDeployment(ctx, d))
			}
		}
		for range 40_000 { // more than a statement has parameters
			ids = append(ids, "missing")
		}
		newest, live, err := s.LatestDeployments(ctx, ids)
		must(t, err)
		got := map[string]int{"failed": newest[ids[1]].Number, "live": newest[ids[2]].Number, "again": newest[ids[3]].Number, "live's": live[ids[2]].Number, "again's": live[ids[3]].Number}
		want := map[string]int{"failed": 2, "live": 2, "again": 3, "live's": 2, "again's": 1}
		if len(newest) != 3 || len(live) != 2 || !reflect.DeepEqual(got, want) || newest[ids[2]].Env != nil || newest[ids[2]].Image.Ref != "r" {
			t.Errorf("newest %v, live %v", newest, live)
		}
		whole, err := s.LiveDeployment(ctx, ids[2])
		must(t, err)
		if whole.Env["A"] != "1" {
			t.Error("an update without the environment took it away")
		}
		newest, live, err = s.LatestDeployments(ctx, nil)
		if err != nil || len(newest)+len(live) != 0 {
			t.Errorf("of none: %v, %v, %v", newest, live, err)
		}
	})
}
