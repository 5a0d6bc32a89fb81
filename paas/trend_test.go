package paas_test

import (
	"context"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/store"
)

// busyEngine runs one container, of which it says what a test wants.
type busyEngine struct {
	paastest.Engine
	project paas.ProjectID
	uses    paas.Statistics
}

func (e *busyEngine) Containers(context.Context) ([]paas.Container, error) {
	return []paas.Container{{ID: "c", Project: e.project, Running: true}}, nil
}

func (e *busyEngine) Statistics(context.Context, paas.ContainerID) (paas.Statistics, error) {
	return e.uses, nil
}

// countedStore tells how often samples were read.
type countedStore struct {
	*store.Store
	reads int
}

func (s *countedStore) SamplesOf(ctx context.Context, projects []paas.ProjectID, span time.Duration, since time.Time) (map[paas.ProjectID][]paas.Sample, error) {
	s.reads++
	return s.Store.SamplesOf(ctx, projects, span, since)
}

func TestTrendsAreReadOnceAndGoOn(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	data, err := store.Open(ctx, store.Options{DataDir: dir})
	must(t, err)
	defer data.Close()
	kept := &countedStore{Store: data}
	engine := &busyEngine{}
	platform, err := paas.New(paas.Options{
		Store: kept, Engine: engine, Router: paastest.Router{}, Logbook: &paastest.Logbook{}, Repositories: &fakeRepositories{heads: map[paas.ProjectID]string{}},
		DataDir: dir, Domain: "localhost", AppURL: &url.URL{Scheme: "http", Host: "x"}, Log: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	now := time.Date(2030, 1, 1, 12, 0, 20, 0, time.UTC) // in the minute that ends at 12:01
	platform.SetClock(func() time.Time { return now })
	ada, err := platform.CreateUser(ctx, paas.NewUser{Username: "ada", Email: "ada@example.com", Password: "correct horse"})
	must(t, err)
	shop, err := platform.CreateProject(ctx, ada, "shop")
	must(t, err)
	idle, err := platform.CreateProject(ctx, ada, "idle")
	must(t, err)
	engine.project = shop.ID
	minute := func(n int) time.Time { return time.Date(2030, 1, 1, 12, n, 0, 0, time.UTC) }
	must(t, data.AppendSamples(ctx, []paas.Sample{
		{Project: shop.ID, At: minute(1), Span: time.Minute, Readings: 2, CPU: 10, Memory: 5, Limit: 8},
		{Project: shop.ID, At: minute(-58), Span: time.Minute, Readings: 6, CPU: 1, Memory: 1},
		{Project: shop.ID, At: minute(-59), Span: time.Minute, Readings: 6, CPU: 99, Memory: 99},
	}))
	want := func(id paas.ProjectID, trend paas.Trend) {
		t.Helper()
		all, err := platform.Trends(ctx, []paas.Project{shop, idle})
		must(t, err)
		if all[id] != trend || len(all) != 2 || kept.reads != 1 {
			t.Errorf("got %+v after %d reads, want %+v", all[id], kept.reads, trend)
		}
	}
	want(shop.ID, paas.Trend{0: {6, 1, 1, 0}, 59: {2, 10, 5, 8}})
	want(idle.ID, paas.Trend{})

	engine.uses = paas.Statistics{CPUUsage: 40, MemoryUsage: 4}
	now = minute(0).Add(30 * time.Second)
	must(t, platform.TakeSamples(ctx, now))
	want(shop.ID, paas.Trend{0: {6, 1, 1, 0}, 59: {3, 20, 5, 8}})
	now = minute(2)
	must(t, platform.TakeSamples(ctx, now)) // the last reading of its minute
	want(shop.ID, paas.Trend{58: {3, 20, 5, 8}, 59: {1, 40, 4, 0}})
	now = minute(12) // and nothing was measured meanwhile
	want(shop.ID, paas.Trend{48: {3, 20, 5, 8}, 49: {1, 40, 4, 0}})
	now = minute(90)
	want(shop.ID, paas.Trend{})

	now = minute(160) // nobody looked for more than an hour
	must(t, platform.TakeSamples(ctx, now))
	if all, err := platform.Trends(ctx, []paas.Project{shop}); err != nil || all[shop.ID][59].CPU != 40 || kept.reads != 2 {
		t.Errorf("got %+v after %d reads, %v", all[shop.ID], kept.reads, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
