package paas_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// bounded is a world that runs, whose user has limits of their own, with a second project.
func bounded(t *testing.T, limits paas.UserLimits) (*world, paas.Project) {
	t.Helper()
	w := newWorld(t)
	second, err := w.CreateProject(t.Context(), w.ada, "second")
	if err != nil {
		t.Fatal(err)
	}
	w.halt()
	w.restart(func(o *paas.Options) { o.AppMemory = 256 << 20 })
	if _, err := w.SetLimits(t.Context(), "ada", &limits); err != nil {
		t.Fatal(err)
	}
	if w.ada, err = w.UserByName(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	return w, second
}

// restart runs another platform with the options of the one before.
func (w *world) restart(change func(*paas.Options)) {
	w.t.Helper()
	options := w.Options
	options.Engine = w.engine
	change(&options)
	platform, err := paas.New(options)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Platform = platform
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- platform.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
}

// TestQuotas: every limit has a code of its own, and is answered before the work starts.
func TestQuotas(t *testing.T) {
	t.Run("projects", func(t *testing.T) {
		w, _ := bounded(t, paas.UserLimits{Projects: 2})
		if _, err := w.CreateProject(t.Context(), w.ada, "third"); !paas.IsCode(err, paas.EQuotaProjects) {
			t.Errorf("a third project: %v", err)
		}
		if len(w.repos.heads) != 2 {
			t.Errorf("%d repositories were made", len(w.repos.heads))
		}
	})
	for code, limits := range map[paas.Code]paas.UserLimits{
		paas.EQuotaContainers: {Containers: 1},
		paas.EQuotaMemory:     {Memory: 300 << 20},
	} {
		t.Run(string(code), func(t *testing.T) {
			w, second := bounded(t, limits)
			w.mustPush("one")
			w.mustPush("two") // takes the place of the first
			w.eventuallyRunning("two")
			builds := len(w.builder.builds)
			w.project = second
			if _, err := w.push(t.Context(), "main", tree{"image": "three"}); !paas.IsCode(err, code) {
				t.Errorf("a second project's container: %v", err)
			}
			if len(w.builder.builds) != builds {
				t.Error("it was built first")
			}
			if _, err := w.SetLimits(t.Context(), "ada", nil); err != nil {
				t.Fatal(err)
			}
			w.mustPush("three")
		})
	}
	t.Run("disk", func(t *testing.T) {
		w, _ := bounded(t, paas.UserLimits{Disk: 2 << 10}) // a fake repository has 1 KiB
		if _, err := w.push(t.Context(), "main", tree{"image": "one"}); !paas.IsCode(err, paas.EQuotaDisk) {
			t.Errorf("with the disk used up: %v", err)
		}
		if len(w.builder.builds) != 0 {
			t.Error("it was built first")
		}
	})
	t.Run("builds", func(t *testing.T) {
		w, second := bounded(t, paas.UserLimits{Builds: 1})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		first := *w
		go func() {
			_, err := first.push(ctx, "main", tree{"image": "one", "SLOW": ""})
			ended <- err
		}()
		<-w.builder.building
		w.project = second
		if _, err := w.push(t.Context(), "main", tree{"image": "two"}); !paas.IsCode(err, paas.EQuotaBuilds) {
			t.Errorf("a second build at once: %v", err)
		}
		cancel()
		<-ended
		w.mustPush("two")
	})
}

// crowd is as many projects of ada's, each with an image.
func (w *world) crowd(projects int) []paas.Project {
	w.t.Helper()
	var all []paas.Project
	for i := range projects {
		project, err := w.CreateProject(w.t.Context(), w.ada, fmt.Sprintf("one-of-many-%d", i))
		if err != nil {
			w.t.Fatal(err)
		}
		w.project = project
		w.mustPush("image")
		if err := w.Stop(w.t.Context(), w.ada, project.ID); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, project)
	}
	return all
}

// TestTheLastPlaceIsTakenOnce asks twenty times at once for what there are three places of: three get
// it, and a place that is given back is had again.
func TestTheLastPlaceIsTakenOnce(t *testing.T) {
	const most, projects = 3, 20
	for code, limits := range map[paas.Code]paas.UserLimits{
		paas.EQuotaContainers: {Containers: most},
		paas.EQuotaMemory:     {Memory: most * 256 << 20},
	} {
		t.Run(string(code), func(t *testing.T) {
			w, _ := bounded(t, paas.UserLimits{})
			crowd := w.crowd(projects)
			if _, err := w.SetLimits(t.Context(), "ada", &limits); err != nil {
				t.Fatal(err)
			}
			release := make(chan struct{})
			w.engine.mu.Lock()
			w.engine.awaiting = release
			w.engine.mu.Unlock()
			w.atOnce(crowd, most, code, func() { close(release) }, func(project paas.Project) error {
				_, err := w.Start(t.Context(), w.ada, project.ID, nil)
				return err
			})
			if running := w.running(); len(running) != most {
				t.Errorf("%d containers run", len(running))
			}
		})
	}
	t.Run(string(paas.EQuotaBuilds), func(t *testing.T) {
		w, _ := bounded(t, paas.UserLimits{})
		crowd := w.crowd(projects)
		before := len(w.builder.builds)
		if _, err := w.SetLimits(t.Context(), "ada", &paas.UserLimits{Builds: most}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		w.builder.building = make(chan struct{}, most)
		letGo := func() {
			for range most {
				<-w.builder.building
			}
			cancel()
		}
		w.atOnce(crowd, most, paas.EQuotaBuilds, letGo, func(project paas.Project) error {
			one := *w
			one.project = project
			_, err := one.push(ctx, "main", tree{"image": "two", "SLOW": ""})
			if paas.IsKind(err, paas.Canceled) {
				return nil
			}
			return err
		})
		if builds := len(w.builder.builds) - before; builds != most {
			t.Errorf("%d builds", builds)
		}
		w.project = crowd[0]
		w.mustPush("after the others")
	})
}

// atOnce does something to all projects at the same time, and holds those that may until all others
// were refused with the code.
func (w *world) atOnce(projects []paas.Project, most int, code paas.Code, letGo func(), do func(paas.Project) error) {
	w.t.Helper()
	results := make(chan error, len(projects))
	for _, project := range projects {
		go func() { results <- do(project) }()
	}
	for i := range projects {
		if i == len(projects)-most {
			letGo()
		}
		err := <-results
		if refused := i < len(projects)-most; refused && !paas.IsCode(err, code) || !refused && err != nil {
			w.t.Errorf("answer %d: %v", i+1, err)
		}
	}
}
