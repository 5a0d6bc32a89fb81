package store

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestProjects(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada, bob := someUser(t, s, "ada"), someUser(t, s, "bob")
		blog := someProject(t, s, ada, "blog")
		app := someProject(t, s, ada, "app")
		someProject(t, s, bob, "blog")
		wantTaken(t, s.CreateProject(ctx, paas.Project{ID: "x", Owner: ada.ID, Name: "blog"}, 0), "name")
		wantKind(t, s.CreateProject(ctx, paas.Project{ID: "x", Owner: "nobody", Name: "blog"}, 0), paas.NotFound)

		got, err := s.Project(ctx, blog.ID)
		if err != nil || !reflect.DeepEqual(got, blog) {
			t.Fatalf("got %#v, %v; want %#v", got, err, blog)
		}
		got, err = s.ProjectByName(ctx, ada.ID, "blog")
		if err != nil || got.ID != blog.ID {
			t.Fatalf("got %v, %v", got, err)
		}
		own, err := s.Projects(ctx, ada.ID)
		must(t, err)
		if len(own) != 2 || own[0].ID != app.ID || own[1].ID != blog.ID {
			t.Errorf("got %v, want app and blog", own)
		}
		all, err := s.AllProjects(ctx)
		must(t, err)
		if len(all) != 3 || all[2].OwnerName != "bob" {
			t.Errorf("got %v, want three, bob's last", all)
		}
	})
}

// What is new is that the values are encrypted.
func TestConfigIsKeptAsTheOriginalDid(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		project := someProject(t, s, someUser(t, s, "ada"), "blog")
		_, err := s.ChangeProject(t.Context(), project.ID, func(p *paas.Project) error {
			p.Env, p.BuildEnv = nil, paas.Env{"TOKEN": "t"}
			return nil
		})
		must(t, err)
		var env, token string
		query := "SELECT config->>'env', config->'buildEnv'->>'TOKEN' FROM projects"
		must(t, s.reader.Raw(query).Row().Scan(&env, &token))
		if env != "{}" || !strings.HasPrefix(token, sealedPrefix) {
			t.Errorf("got env %s and token %s", env, token)
		}
	})
}

func TestChangeProject(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		before := someProject(t, s, someUser(t, s, "ada"), "blog")
		changed, err := s.ChangeProject(ctx, before.ID, func(p *paas.Project) error {
			p.Name, p.Stopped, p.DeployBranch, p.Env = "journal", true, "main", p.Env.With(nil)
			p.Env["B"] = "2"
			return nil
		})
		must(t, err)
		got, err := s.Project(ctx, before.ID)
		must(t, err)
		if !reflect.DeepEqual(got, changed) || got.Name != "journal" || !got.Stopped || got.DeployBranch != "main" || got.Env["B"] != "2" || !got.UpdatedAt.After(birth) {
			t.Errorf("got %#v, want %#v", got, changed)
		}

		no := errors.New("no")
		if _, err := s.ChangeProject(ctx, before.ID, func(p *paas.Project) error { p.Name = "other"; return no }); !errors.Is(err, no) {
			t.Errorf("got %v, want the change's own error", err)
		}
		if got, err := s.Project(ctx, before.ID); err != nil || got.Name != "journal" {
			t.Errorf("a refused change was written: %v, %v", got, err)
		}
		_, err = s.ChangeProject(ctx, "gone", func(*paas.Project) error { return nil })
		wantKind(t, err, paas.NotFound)
		someProject(t, s, paas.User{ID: before.Owner}, "taken")
		_, err = s.ChangeProject(ctx, before.ID, func(p *paas.Project) error { p.Name = "taken"; return nil })
		wantTaken(t, err, "name")
	})
}

// Trial T11, by two programs at once: the lock in one program would not be enough.
func TestConcurrentChangesAreAllCounted(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		stores := []*Store{opened(t, options), opened(t, options)}
		project := someProject(t, stores[0], someUser(t, stores[0], "ada"), "blog")
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for range 100 {
					_, err := stores[i%2].ChangeProject(context.Background(), project.ID, increment)
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		got, err := stores[0].Project(t.Context(), project.ID)
		must(t, err)
		if got.Env["N"] != "800" {
			t.Errorf("counted %s, want 800", got.Env["N"].Reveal())
		}
	})
}

func increment(p *paas.Project) error {
	n, _ := strconv.Atoi(p.Env["N"].Reveal()) // nothing counts as 0
	p.Env["N"] = paas.Secret(strconv.Itoa(n + 1))
	return nil
}

func TestDeletingAProjectTakesItsDeploymentsOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		gone, stays := someProject(t, s, ada, "gone"), someProject(t, s, ada, "stays")
		for _, project := range []paas.Project{gone, stays} {
			_, err := s.CreateDeployment(ctx, paas.Deployment{Project: project.ID, State: paas.Queued, CreatedAt: birth})
			must(t, err)
		}
		must(t, s.DeleteProject(ctx, gone.ID))
		wantKind(t, s.DeleteProject(ctx, gone.ID), paas.NotFound)
		left, err := s.ActiveDeployments(ctx)
		must(t, err)
		if len(left) != 1 || left[0].Project != stays.ID {
			t.Errorf("left is %v", left)
		}
	})
}

func TestQuotaOfProjectsHoldsUnderConcurrency(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		stores := []*Store{opened(t, options), opened(t, options)}
		ada, bob := someUser(t, stores[0], "ada"), someUser(t, stores[0], "bob")
		someProject(t, stores[0], bob, "other")
		var group sync.WaitGroup
		var made atomic.Int64
		for i := range 16 {
			group.Go(func() {
				name := "p" + strconv.Itoa(i)
				err := stores[i%2].CreateProject(context.Background(), paas.Project{ID: paas.ProjectID(name), Owner: ada.ID, Name: name, CreatedAt: birth, UpdatedAt: birth}, 5)
				switch {
				case err == nil:
					made.Add(1)
				case !paas.IsKind(err, paas.Forbidden) || !paas.IsCode(err, paas.EQuotaProjects):
					t.Error(err)
				}
			})
		}
		group.Wait()
		own, err := stores[0].Projects(t.Context(), ada.ID)
		must(t, err)
		if made.Load() != 5 || len(own) != 5 {
			t.Errorf("%d were made, %d are there; want 5", made.Load(), len(own))
		}
	})
}

// From the first moment of its deletion a project is found by DeletingProjects alone; its deployments
// can still be ended and its images looked up.
func TestAProjectThatIsBeingDeletedIsInvisible(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		project := someProject(t, s, ada, "blog")
		deployment, err := s.CreateDeployment(ctx, paas.Deployment{Project: project.ID, State: paas.Starting, CreatedAt: birth})
		must(t, err)
		must(t, s.BeginProjectDeletion(ctx, project.ID))
		_, byID := s.Project(ctx, project.ID)
		_, byName := s.ProjectByName(ctx, ada.ID, "blog")
		_, change := s.ChangeProject(ctx, project.ID, increment)
		_, create := s.CreateDeployment(ctx, paas.Deployment{Project: project.ID, CreatedAt: birth})
		for _, err := range []error{byID, byName, change, create, s.BeginProjectDeletion(ctx, project.ID)} {
			wantKind(t, err, paas.NotFound)
		}
		must(t, deployment.Advance(paas.Aborted, birth))
		must(t, s.UpdateDeployment(ctx, deployment))
		own, err := s.Projects(ctx, ada.ID)
		must(t, err)
		all, err := s.AllProjects(ctx)
		must(t, err)
		active, err := s.ActiveDeployments(ctx)
		must(t, err)
		deployments, err := s.Deployments(ctx, project.ID, 0, 0)
		must(t, err)
		deleting, err := s.DeletingProjects(ctx)
		must(t, err)
		if len(own)+len(all)+len(active) != 0 || len(deployments) != 1 || len(deleting) != 1 || !reflect.DeepEqual(deleting[0], project) {
			t.Errorf("got %v, %v, %v, %v; deleting %v", own, all, active, deployments, deleting)
		}
		wantTaken(t, s.CreateProject(ctx, paas.Project{ID: "x", Owner: ada.ID, Name: "blog"}, 1), "name")
	})
}

// Whoever deploys, deletes a project or makes a token while the account is being deleted succeeds or
// finds it gone; PostgreSQL never has to end a transaction because two wait for each other.
func TestDeletionsDoNotWaitForEachOther(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		for round := range 15 {
			user := someUser(t, s, "u"+strconv.Itoa(round))
			project, other := someProject(t, s, user, "one"), someProject(t, s, user, "two")
			must(t, s.CreateToken(ctx, someToken(user, "a"+user.Username, project.ID)))
			must(t, s.CreateToken(ctx, someToken(user, "b"+user.Username, other.ID)))
			var group sync.WaitGroup
			for _, do := range []func() error{
				func() error { return s.BeginUserDeletion(ctx, user.ID) },
				func() error { return s.BeginProjectDeletion(ctx, project.ID) },
				func() error { return s.BeginProjectDeletion(ctx, other.ID) },
				func() error { return s.CreateToken(ctx, someToken(user, "c"+user.Username, other.ID)) },
				func() error {
					_, err := s.CreateDeployment(ctx, paas.Deployment{Project: project.ID, By: user.ID, CreatedAt: birth})
					return err
				},
				func() error {
					_, err := s.CreateDeployment(ctx, paas.Deployment{Project: other.ID, By: user.ID, CreatedAt: birth})
					return err
				},
			} {
				group.Go(func() {
					if err := do(); err != nil && !paas.IsKind(err, paas.NotFound) {
						t.Error(err)
					}
				})
			}
			group.Wait()
			tokens, err := s.Tokens(ctx, user.ID)
			if err != nil || len(tokens) > 0 {
				t.Errorf("tokens are left: %v, %v", tokens, err)
			}
		}
	})
}
