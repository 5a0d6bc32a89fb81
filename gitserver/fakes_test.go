package gitserver_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
)

// fakeBuilder builds by calling a function, and counts.
type fakeBuilder struct {
	paastest.Builder
	mu     sync.Mutex
	builds int                                           // guarded by mu
	build  func(ctx context.Context, b paas.Build) error // guarded by mu; nil: every build works
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
	paastest.Engine
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
		ID: paas.ContainerID(fmt.Sprint(e.next)), Project: spec.Project, Deployment: spec.Deployment, Process: spec.Process, Index: spec.Index,
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
	return paastest.Ready(probe), nil
}

func (e *fakeEngine) onStart(seen *paas.Readiness) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.readiness = seen
}

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

// Output is one line.
func (e *fakeEngine) Output(_ context.Context, id paas.ContainerID, _ time.Time, each func(paas.LogLine) error) error {
	e.mu.Lock()
	c := e.containers[id]
	e.mu.Unlock()
	return each(paas.LogLine{At: time.Now(), Deployment: c.Deployment, Process: c.Process, Index: c.Index, Container: id, Stream: paas.Stdout, Text: "the app's last words"})
}
