package store

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestSamplesOfOneSpanAreMerged(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		project := someProject(t, s, someUser(t, s, "ada"), "shop").ID
		at := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
		sample := func(at time.Time, span time.Duration, cpu float64, memory uint64) paas.Sample {
			return paas.Sample{Project: project, At: at, Span: span, Readings: 1, CPU: cpu, Memory: memory, Limit: 100, Received: 5, Sent: 7, Restarts: 1,
				Traffic: paas.Traffic{Requests: 2, Errors: 1, Sent: 9, Latency: [15]uint64{0: 1, 14: 1}}}
		}
		generation := s.Generation()
		must(t, s.AppendSamples(ctx, []paas.Sample{sample(at, time.Minute, 10, 50), sample(at, 10*time.Second, 10, 50), sample(at, time.Minute, 40, 20)}))
		must(t, s.AppendSamples(ctx, []paas.Sample{sample(at, time.Minute, 40, 60), sample(at.Add(time.Minute), time.Minute, 1, 1), {Project: "nobody", At: at, Span: time.Minute}}))
		if s.Generation() != generation {
			t.Error("a sample counts as a change of what was decided")
		}
		got, err := s.Samples(ctx, project, time.Minute, at)
		must(t, err)
		want := paas.Sample{Project: project, At: at, Span: time.Minute, Readings: 3, CPU: 30, Memory: 60, Limit: 100, Received: 15, Sent: 21, Restarts: 3,
			Traffic: paas.Traffic{Requests: 6, Errors: 3, Sent: 27, Latency: [15]uint64{0: 3, 14: 3}}}
		if len(got) != 2 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("got %+v, want first %+v", got, want)
		}
		must(t, s.DeleteSamplesBefore(ctx, time.Minute, at.Add(time.Second)))
		left, err := s.Samples(ctx, project, time.Minute, time.Time{})
		must(t, err)
		fine, err := s.Samples(ctx, project, 10*time.Second, time.Time{})
		must(t, err)
		if len(left) != 1 || len(fine) != 1 {
			t.Errorf("%d and %d samples are left", len(left), len(fine))
		}
		must(t, s.DeleteProject(ctx, project))
		gone, err := s.Samples(ctx, project, time.Minute, time.Time{})
		must(t, err)
		if len(gone) != 0 {
			t.Error("samples outlive their project")
		}
	})
}

func TestSamplesOfSeveralProjects(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, ada := t.Context(), someUser(t, s, "ada")
		shop, blog, idle, other := someProject(t, s, ada, "shop").ID, someProject(t, s, ada, "blog").ID, someProject(t, s, ada, "idle").ID, someProject(t, s, ada, "other").ID
		noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
		sample := func(id paas.ProjectID, at time.Time, span time.Duration) paas.Sample {
			return paas.Sample{Project: id, At: at, Span: span, Readings: 6, CPU: 12.5, Memory: 64 << 20, Limit: 128 << 20, Traffic: paas.Traffic{Requests: 9}}
		}
		must(t, s.AppendSamples(ctx, []paas.Sample{
			sample(shop, noon.Add(time.Minute), time.Minute), sample(shop, noon, time.Minute), sample(shop, noon.Add(-time.Second), time.Minute),
			sample(shop, noon, 10*time.Second), sample(blog, noon, time.Minute), sample(other, noon, time.Minute),
		}))
		got, err := s.SamplesOf(ctx, []paas.ProjectID{shop, blog, idle, "nobody"}, time.Minute, noon)
		must(t, err)
		want := map[paas.ProjectID][]paas.Sample{shop: {sample(shop, noon, time.Minute), sample(shop, noon.Add(time.Minute), time.Minute)}, blog: {sample(blog, noon, time.Minute)}}
		for _, samples := range want {
			for i := range samples {
				samples[i].Traffic = paas.Traffic{}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if none, err := s.SamplesOf(ctx, nil, time.Minute, noon); err != nil || len(none) != 0 {
			t.Errorf("of no projects: %v, %v", none, err)
		}
	})
}

// BenchmarkSamplesOf reads half an hour of a hundred projects, minute by minute.
func BenchmarkSamplesOf(b *testing.B) {
	s, err := Open(b.Context(), Options{DataDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateUser(b.Context(), paas.User{ID: "u", Username: "ada", Email: "ada@example.com", Verified: true, CreatedAt: birth, UpdatedAt: birth}, ""); err != nil {
		b.Fatal(err)
	}
	var ids []paas.ProjectID
	var samples []paas.Sample
	for n := range 100 {
		id := paas.ProjectID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
		ids = append(ids, id)
		if err := s.CreateProject(b.Context(), paas.Project{ID: id, Owner: "u", Name: fmt.Sprint("p", n)}, 0); err != nil {
			b.Fatal(err)
		}
		for minute := range 60 {
			samples = append(samples, paas.Sample{Project: id, At: birth.Truncate(time.Minute).Add(time.Duration(minute) * time.Minute), Span: time.Minute, Readings: 6, CPU: 1.25, Memory: 64 << 20})
		}
	}
	if err := s.AppendSamples(b.Context(), samples); err != nil {
		b.Fatal(err)
	}
	since := birth.Truncate(time.Minute).Add(30 * time.Minute)
	for b.Loop() {
		of, err := s.SamplesOf(b.Context(), ids, time.Minute, since)
		if err != nil || len(of) != 100 || len(of[ids[0]]) != 30 {
			b.Fatalf("%d, %v", len(of), err)
		}
	}
}

// noise is text that cannot be compressed.
func noise(length int) string {
	text := make([]byte, length)
	for i := range text {
		text[i] = byte('!' + rand.IntN(90))
	}
	return string(text)
}

func TestCronRunsAreKeptUpToABound(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		project := someProject(t, s, someUser(t, s, "ada"), "shop").ID
		line := paas.CronLine{Schedule: "@daily", Command: "sweep"}
		noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
		other := paas.CronRun{Project: project, Line: paas.CronLine{Schedule: "@daily", Command: "other"}, Due: noon, StartedAt: noon}
		must(t, s.SaveCronRun(ctx, other))
		long := paas.CronRun{Project: project, Line: paas.CronLine{Schedule: "@daily", Command: noise(paas.MaxCommand)}, Due: noon.Add(-time.Hour), StartedAt: noon}
		must(t, s.SaveCronRun(ctx, long)) // longer than what PostgreSQL indexes
		for n := range paas.MaxCronRuns + 3 {
			due := noon.Add(time.Duration(n) * time.Minute)
			run := paas.CronRun{Project: project, Line: line, Due: due, StartedAt: due}
			must(t, s.SaveCronRun(ctx, run))
			ended := due.Add(time.Second)
			run.EndedAt, run.ExitCode, run.Note = &ended, 3, "it ended with exit code 3"
			must(t, s.SaveCronRun(ctx, run))
		}
		runs, err := s.CronRuns(ctx, project, 0)
		must(t, err)
		if len(runs) != paas.MaxCronRuns+2 || !reflect.DeepEqual(runs[len(runs)-2], other) || !reflect.DeepEqual(runs[len(runs)-1], long) {
			t.Fatalf("%d runs are kept, the oldest are %+v", len(runs), runs[len(runs)-2:])
		}
		if newest := runs[0]; newest.ExitCode != 3 || newest.EndedAt == nil || !newest.Due.Equal(noon.Add((paas.MaxCronRuns+2)*time.Minute)) {
			t.Errorf("the newest is %+v", newest)
		}
	})
}

func TestWhatRunsIsKeptWithADeployment(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		id := someProject(t, s, someUser(t, s, "ada"), "shop").ID
		two := 2
		app := paas.App{Processes: map[string]paas.ProcessSpec{"web": {Count: &two}}, Health: paas.Health{Path: "/up", Interval: paas.Duration(time.Second)}, Limits: paas.Limits{Memory: 64 << 20}}
		d, err := s.CreateDeployment(ctx, paas.Deployment{Project: id, State: paas.Queued, Reason: paas.ReasonRollback, Restores: 7, CreatedAt: time.Now()})
		must(t, err)
		must(t, d.Advance(paas.Starting, time.Now()))
		d.App, d.Formation, d.Image.App = app, paas.Formation{"web": 2}, app
		must(t, s.UpdateDeployment(ctx, d))
		got, err := s.Deployment(ctx, id, d.Number)
		must(t, err)
		if !reflect.DeepEqual(got.App, app) || !reflect.DeepEqual(got.Image.App, app) || got.Formation["web"] != 2 || got.Restores != 7 {
			t.Errorf("got %+v", got)
		}
		_, err = s.ChangeProject(ctx, id, func(p *paas.Project) error {
			p.App, p.Formation = app, paas.Formation{"worker": 3}
			return nil
		})
		must(t, err)
		project, err := s.Project(ctx, id)
		must(t, err)
		if !reflect.DeepEqual(project.App, app) || project.Formation["worker"] != 3 {
			t.Errorf("got %+v", project)
		}
	})
}

// BenchmarkAppendSamples is what the samples of 500 projects cost every ten seconds.
func BenchmarkAppendSamples(b *testing.B) {
	for name, options := range map[string]Options{"sqlite": {DataDir: b.TempDir()}} {
		b.Run(name, func(b *testing.B) {
			s, err := Open(b.Context(), options)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			user := paas.User{ID: "u", Username: "ada", Email: "ada@example.com", Verified: true, CreatedAt: time.Now(), UpdatedAt: time.Now()}
			if err := s.CreateUser(b.Context(), user, ""); err != nil {
				b.Fatal(err)
			}
			for n := range 500 {
				if err := s.CreateProject(b.Context(), paas.Project{ID: paas.ProjectID(fmt.Sprint("p", n)), Owner: "u", Name: fmt.Sprint("p", n)}, 0); err != nil {
					b.Fatal(err)
				}
			}
			at := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
			for b.Loop() {
				at = at.Add(10 * time.Second)
				var samples []paas.Sample
				for n := range 500 {
					for _, resolution := range paas.Resolutions {
						samples = append(samples, paas.Sample{Project: paas.ProjectID(fmt.Sprint("p", n)), At: at.Truncate(resolution.Span).Add(resolution.Span), Span: resolution.Span, Readings: 1, CPU: 1})
					}
				}
				if err := s.AppendSamples(b.Context(), samples); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
