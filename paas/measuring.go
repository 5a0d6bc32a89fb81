package paas

import (
	"context"
	"slices"
	"sync"
	"time"
)

// measuresAtOnce bounds the questions to the engine.
const measuresAtOnce = 8

// meter remembers the last reading of every counter, so that samples are what came since.
type meter struct {
	traffic  map[ProjectID]Traffic
	network  map[ContainerID][2]uint64
	restarts map[ContainerID]int
}

// measureLoop samples what every running project uses, at the finest resolution and added up at the
// coarser ones, and forgets what is too old.
func (p *Platform) measureLoop(ctx context.Context) error {
	readings := meter{map[ProjectID]Traffic{}, map[ContainerID][2]uint64{}, map[ContainerID]int{}}
	finest := Resolutions[0].Span
	for {
		now := p.now()
		next := now.Truncate(finest).Add(finest)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(next.Sub(now)):
		}
		if err := p.measure(ctx, next, &readings); err != nil && ctx.Err() == nil {
			p.Log.WarnContext(ctx, "measure", "error", err)
		}
	}
}

func (p *Platform) measure(ctx context.Context, at time.Time, readings *meter) error {
	containers, err := p.Engine.Containers(ctx)
	if err != nil {
		return err
	}
	samples := p.sampleAll(ctx, containers, readings)
	traffic := p.Router.Traffic()
	for id, now := range traffic {
		delta := now.minus(readings.traffic[id])
		if delta != (Traffic{}) {
			sample := samples[id]
			sample.Traffic = delta
			samples[id] = sample
		}
	}
	readings.traffic = traffic
	p.newest.keep(samples, traffic)
	p.trends.keep(samples, at)
	var rows []Sample
	for id, sample := range samples {
		sample.Project = id
		for _, resolution := range Resolutions {
			sample.Span = resolution.Span
			sample.At = at.Add(-time.Nanosecond).Truncate(resolution.Span).Add(resolution.Span)
			rows = append(rows, sample)
		}
	}
	if len(rows) > 0 {
		if err := p.Store.AppendSamples(ctx, rows); err != nil {
			return err
		}
	}
	if at.Truncate(time.Minute).Equal(at) {
		for _, resolution := range Resolutions {
			if err := p.Store.DeleteSamplesBefore(ctx, resolution.Span, at.Add(-resolution.Kept)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sampleAll measures the running containers and adds them up by project.
func (p *Platform) sampleAll(ctx context.Context, containers []Container, readings *meter) map[ProjectID]Sample {
	var mu sync.Mutex // guards samples and readings
	samples := map[ProjectID]Sample{}
	network, restarts := map[ContainerID][2]uint64{}, map[ContainerID]int{}
	slots := make(chan struct{}, measuresAtOnce)
	var group sync.WaitGroup
	for _, c := range containers {
		restarts[c.ID] = c.Restarts
		if !c.Running {
			continue
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			measured, err := p.Engine.Statistics(ctx, c.ID)
			if err != nil {
				return // it ended since it was listed, or the next sample has it
			}
			mu.Lock()
			defer mu.Unlock()
			sample := samples[c.Project]
			sample.Readings = 1
			sample.CPU += measured.CPUUsage
			sample.Memory += measured.MemoryUsage
			sample.Limit += measured.MemoryLimit
			before := readings.network[c.ID]
			sample.Received += since(measured.Received, before[0])
			sample.Sent += since(measured.Sent, before[1])
			network[c.ID] = [2]uint64{measured.Received, measured.Sent}
			if earlier, known := readings.restarts[c.ID]; known && c.Restarts > earlier {
				sample.Restarts += c.Restarts - earlier
			}
			samples[c.Project] = sample
		})
	}
	group.Wait()
	readings.network, readings.restarts = network, restarts
	return samples
}

// newestSamples are the last measurements of running projects, and the counters of all, for whoever
// scrapes: asking the engine again for each would cost as much as measuring does.
type newestSamples struct {
	mu      sync.Mutex
	samples map[ProjectID]Sample  // guarded by mu
	traffic map[ProjectID]Traffic // guarded by mu
}

func (n *newestSamples) keep(samples map[ProjectID]Sample, traffic map[ProjectID]Traffic) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.samples, n.traffic = samples, traffic
}

// Gauge is what a project uses now, and what it did since the daemon's start.
type Gauge struct {
	Project Project
	State   ProjectState
	Sample  Sample  // of the last ten seconds
	Traffic Traffic // since the start
	Wakes   Wakes   // since the start
}

// Gauges shows every project, for administrators.
func (p *Platform) Gauges(ctx context.Context) ([]Gauge, error) {
	projects, err := p.Store.AllProjects(ctx)
	if err != nil {
		return nil, err
	}
	states, err := p.States(ctx, projects)
	if err != nil {
		return nil, err
	}
	wakes := p.Wakes()
	p.newest.mu.Lock()
	defer p.newest.mu.Unlock()
	gauges := make([]Gauge, len(projects))
	for i, project := range projects {
		gauges[i] = Gauge{project, states[project.ID], p.newest.samples[project.ID], p.newest.traffic[project.ID], wakes[project.ID]}
	}
	return gauges, nil
}

// since is what a counter has grown; it may have begun anew.
func since(now, before uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

// Metrics lists a project's samples of the last span of time, at the resolution that fits it.
func (p *Platform) Metrics(ctx context.Context, caller User, id ProjectID, over time.Duration) ([]Sample, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(Resolutions, func(r struct{ Span, Kept time.Duration }) bool { return over <= r.Kept })
	if over <= 0 || at < 0 {
		return nil, InvalidField("range", "range is a span of time up to %s, like 1h, 24h or 7d.", Duration(Resolutions[len(Resolutions)-1].Kept))
	}
	return p.Store.Samples(ctx, id, Resolutions[at].Span, p.now().Add(-over))
}
