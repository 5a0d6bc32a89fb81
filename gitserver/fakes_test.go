package gitserver_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// fakeBuilder builds by calling a function, and counts.
type fakeBuilder struct {
	mu     sync.Mutex
	builds int                                           // guarded by mu
	build  func(ctx context.Context, b paas.Build) error // guarded by mu; nil: every build works
}

func (b *fakeBuilder) Prepare(context.Context, io.Writer) error { return nil }

func (b *fakeBuilder) Plan(context.Context, string) (paas.BuildPlan, error) {
	return paas.BuildPlan{Path: "."}, nil
}

func (b *fakeBuilder) Build(ctx context.Context, build paas.Build) (paas.Image, error) {
	b.mu.Lock()
	b.builds++
	n, work := b.builds, b.build
	b.mu.Unlock()
	fmt.Fprintf(build.Output, "Building number %d\n", n)
	if work != nil {
		if err := work(ctx, build); err != nil {
			return paas.Image{}, err
		}
	}
	return paas.Image{Ref: paas.ImageRef(fmt.Sprintf("image-%d", n)), Processes: []paas.Process{{Type: "web"}}}, nil
}

func (b *fakeBuilder) Forget(context.Context, paas.ProjectID) error        { return nil }
func (b *fakeBuilder) Projects(context.Context) ([]paas.ProjectID, error)  { return nil, nil }
func (b *fakeBuilder) Size(context.Context, paas.ProjectID) (int64, error) { return 0, nil }

// onBuild sets what the next builds do.
func (b *fakeBuilder) onBuild(work func(ctx context.Context, b paas.Build) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.build = work
}

func (b *fakeBuilder) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.builds
}

// fakeEngine runs containers that are ready at once.
type fakeEngine struct {
	mu         sync.Mutex
	containers map[paas.ContainerID]paas.Container // guarded by mu
	next       int                                 // guarded by mu
	readiness  *paas.Readiness                     // guarded by mu; what a start ends in
}

func (e *fakeEngine) Launch(_ context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next++
	c := paas.Container{
		ID: paas.ContainerID(fmt.Sprint(e.next)), Project: spec.Project, Deployment: spec.Deployment, Process: spec.Process,
		Port: spec.Port, Running: true, Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(e.next)}),
	}
	e.containers[c.ID] = c
	return c, nil
}

func (e *fakeEngine) Await(_ context.Context, _ paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.readiness != nil {
		return *e.readiness, nil
	}
	return paas.Readiness{Ready: true, Port: probe.Ports[0]}, nil
}

func (e *fakeEngine) onStart(seen *paas.Readiness) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.readiness = seen
}

func (e *fakeEngine) Keep(context.Context, paas.ContainerID) error                { return nil }
func (e *fakeEngine) Start(context.Context, paas.ContainerID) error               { return nil }
func (e *fakeEngine) Stop(context.Context, paas.ContainerID, time.Duration) error { return nil }

func (e *fakeEngine) Remove(_ context.Context, id paas.ContainerID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.containers, id)
	return nil
}

func (e *fakeEngine) Containers(context.Context) ([]paas.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Values(e.containers)), nil
}

func (e *fakeEngine) Logs(context.Context, paas.ContainerID, paas.LogOptions) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("the app's last words\n")), nil
}

func (e *fakeEngine) Statistics(context.Context, paas.ContainerID) (paas.Statistics, error) {
	return paas.Statistics{}, nil
}

func (e *fakeEngine) Changes(context.Context) <-chan struct{}            { return nil }
func (e *fakeEngine) Forget(context.Context, paas.ProjectID) error       { return nil }
func (e *fakeEngine) Projects(context.Context) ([]paas.ProjectID, error) { return nil, nil }

// fakeRouter drains at once.
type fakeRouter struct{}

func (fakeRouter) Replace(paas.Route) func(context.Context) error {
	return func(context.Context) error { return nil }
}
func (fakeRouter) Remove(paas.Hostname) {}
func (fakeRouter) Routes() []paas.Route { return nil }
