// Package paastest has small implementations of the hub's interfaces for the tests of what calls the
// platform: embedded in a test's own type they answer what that test does not care about. It also builds the
// programs that tests of several packages run against.
package paastest

import (
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Engine runs nothing.
type Engine struct{}

var _ paas.Engine = Engine{}

// Launch says that a container runs.
func (Engine) Launch(_ context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	return paas.Container{Project: spec.Project, Deployment: spec.Deployment, Process: spec.Process, Index: spec.Index, Running: true}, nil
}

// Await finds everything ready at once.
func (Engine) Await(_ context.Context, _ paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	return Ready(probe), nil
}

// Check finds everything well.
func (Engine) Check(_ context.Context, _ paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	return Ready(probe), nil
}

// Endings tells of nothing until ctx ends.
func (Engine) Endings(ctx context.Context) <-chan paas.Container {
	none := make(chan paas.Container)
	context.AfterFunc(ctx, func() { close(none) })
	return none
}

// Ready is the answer of what is ready at the first port that was asked for.
func Ready(probe paas.Probe) paas.Readiness {
	ready := paas.Readiness{Ready: true}
	if len(probe.Ports) > 0 {
		ready.Port = probe.Ports[0]
	}
	return ready
}

// Run says that the command was run, and how it ended.
func (Engine) Run(_ context.Context, spec paas.ContainerSpec, streams paas.Streams) (paas.Ending, error) {
	_, err := io.WriteString(streams.Output, "ran "+spec.Command+strings.Join(spec.Args, " ")+"\n")
	return paas.Ending{}, err
}

// Exec says that the command was run.
func (Engine) Exec(_ context.Context, _ paas.ContainerID, command []string, streams paas.Streams) (paas.Ending, error) {
	_, err := io.WriteString(streams.Output, "ran "+strings.Join(command, " ")+"\n")
	return paas.Ending{}, err
}

// The rest does nothing, or finds nothing.
func (Engine) Keep(context.Context, paas.ContainerID) error                { return nil }
func (Engine) Start(context.Context, paas.ContainerID) error               { return nil }
func (Engine) Stop(context.Context, paas.ContainerID, time.Duration) error { return nil }
func (Engine) Remove(context.Context, paas.ContainerID) error              { return nil }
func (Engine) Freeze(context.Context, paas.ContainerID) error              { return nil }
func (Engine) Thaw(context.Context, paas.ContainerID) error                { return nil }
func (Engine) ContainersOf(context.Context, paas.ProjectID) ([]paas.Container, error) {
	return nil, nil
}
func (Engine) Containers(context.Context) ([]paas.Container, error) { return nil, nil }
func (Engine) Output(context.Context, paas.ContainerID, time.Time, func(paas.LogLine) error) error {
	return nil
}
func (Engine) Statistics(context.Context, paas.ContainerID) (paas.Statistics, error) {
	return paas.Statistics{}, nil
}
func (Engine) Changes(context.Context) <-chan struct{}                           { return nil }
func (Engine) Retain(context.Context, paas.ProjectID, []paas.ImageRef) error     { return nil }
func (Engine) Volumes(context.Context, paas.ProjectID) ([]paas.VolumeUse, error) { return nil, nil }
func (Engine) Neighbours(context.Context) ([]paas.Neighbour, []string, error)    { return nil, nil, nil }
func (Engine) Examine(context.Context, []paas.ProjectID) []paas.Check            { return nil }
func (Engine) Mend(context.Context, []paas.ProjectID) ([]string, error)          { return nil, nil }
func (Engine) Lacking(context.Context, []paas.ImageRef) ([]paas.ImageRef, error) { return nil, nil }
func (Engine) RemoveVolume(context.Context, paas.ProjectID, string) error        { return nil }
func (Engine) Forget(context.Context, paas.ProjectID) error                      { return nil }
func (Engine) Projects(context.Context) ([]paas.ProjectID, error)                { return nil, nil }

// Builder builds an image without a name.
type Builder struct{}

var _ paas.Builder = Builder{}

// All of it does nothing, or finds nothing.
func (Builder) Prepare(context.Context, io.Writer) error { return nil }
func (Builder) Plan(context.Context, string) (paas.BuildPlan, error) {
	return paas.BuildPlan{Path: "."}, nil
}
func (Builder) Build(context.Context, paas.Build) (paas.Image, error)         { return paas.Image{}, nil }
func (Builder) Retain(context.Context, paas.ProjectID, []paas.ImageRef) error { return nil }
func (Builder) Shrink(context.Context, int64) (int64, error)                  { return 0, nil }
func (Builder) Examine(context.Context) paas.Check {
	return paas.Check{Part: paas.PartBuilder, Summary: "is there", Findings: []paas.Finding{}}
}
func (Builder) Lacking(_ context.Context, images []paas.ImageRef) ([]paas.ImageRef, error) {
	return images, nil
}
func (Builder) Forget(context.Context, paas.ProjectID) error        { return nil }
func (Builder) Projects(context.Context) ([]paas.ProjectID, error)  { return nil, nil }
func (Builder) Size(context.Context, paas.ProjectID) (int64, error) { return 0, nil }

// Router leads nowhere, and drains at once.
type Router struct {
	Shown []paas.Certificate // what clients are shown
	Root  []byte             // of a CA of its own
}

var _ paas.Router = Router{}

// All of it does nothing, or finds nothing.
func (Router) Replace(paas.Route) func(context.Context) error {
	return func(context.Context) error { return nil }
}
func (Router) Remove(paas.Hostname)                     {}
func (Router) Routes() []paas.Route                     { return nil }
func (Router) Traffic() map[paas.ProjectID]paas.Traffic { return nil }

// Rest does as it is told.
func (Router) Rest(paas.Route) bool { return true }

// SetNeighbours forgets them.
func (Router) SetNeighbours([]paas.Neighbour) {}

// Certificates lists those shown.
func (r Router) Certificates(context.Context) []paas.Certificate { return r.Shown }

// CARoot is the root given.
func (r Router) CARoot() []byte { return r.Root }

// Logbook keeps lines in memory. The zero value is ready.
type Logbook struct {
	mu    sync.Mutex
	lines map[paas.ProjectID][]paas.LogLine // guarded by mu
}

var _ paas.Logbook = (*Logbook)(nil)

// Append keeps lines.
func (l *Logbook) Append(_ context.Context, id paas.ProjectID, lines ...paas.LogLine) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = map[paas.ProjectID][]paas.LogLine{}
	}
	l.lines[id] = append(l.lines[id], lines...)
	return nil
}

// Seen is the time of the newest line of a container.
func (l *Logbook) Seen(_ context.Context, id paas.ProjectID, container paas.ContainerID) (seen time.Time, err error) {
	for _, line := range l.Lines(id) {
		if line.Container == container && line.At.After(seen) {
			seen = line.At
		}
	}
	return seen, nil
}

// Lines are all of a project.
func (l *Logbook) Lines(id paas.ProjectID) []paas.LogLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines[id])
}

// Read yields the lines of a deployment, or all; it follows nothing.
func (l *Logbook) Read(_ context.Context, id paas.ProjectID, query paas.LogQuery) iter.Seq2[paas.LogLine, error] {
	return func(yield func(paas.LogLine, error) bool) {
		for _, line := range l.Lines(id) {
			if (query.Deployment == 0 || query.Deployment == line.Deployment) && !yield(line, nil) {
				return
			}
		}
	}
}

// Size is nothing.
func (l *Logbook) Size(context.Context, paas.ProjectID) (int64, error) { return 0, nil }

// Forget drops a project's lines.
func (l *Logbook) Forget(_ context.Context, id paas.ProjectID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.lines, id)
	return nil
}

// Projects lists those that have lines.
func (l *Logbook) Projects(context.Context) ([]paas.ProjectID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.lines)), nil
}

// Quota has room for all.
func (l *Logbook) Quota() int64 { return 1 << 20 }

// Limit keeps all.
func (l *Logbook) Limit(context.Context, paas.ProjectID) error { return nil }

// Trim keeps all.
func (l *Logbook) Trim(context.Context, int64) error { return nil }
