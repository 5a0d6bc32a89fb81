package api_test

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// engine keeps containers in memory. Those of the image "bad" never listen; what follows a log gets
// lines until it is closed.
type engine struct {
	paas.Engine
	mu         sync.Mutex
	containers map[paas.ContainerID]*paas.Container
	ready      chan struct{} // not nil: starts wait for it
	followers  int           // open live logs
}

func (e *engine) Launch(_ context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := paas.Container{
		ID: paas.ContainerID(fmt.Sprintf("%s|%d", spec.Image, len(e.containers))), Project: spec.Project, Deployment: spec.Deployment,
		Process: spec.Process, Port: spec.Port, Running: true, Address: netip.AddrFrom4([4]byte{10, 0, 0, 1}),
	}
	e.containers[c.ID] = &c
	return c, nil
}

func (e *engine) Await(ctx context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	e.mu.Lock()
	ready := e.ready
	e.mu.Unlock()
	if ready != nil {
		select {
		case <-ready:
		case <-ctx.Done():
			return paas.Readiness{}, context.Cause(ctx)
		}
	}
	if strings.HasPrefix(string(id), "bad|") {
		return paas.Readiness{Listeners: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:3000")}}, nil
	}
	return paas.Readiness{Ready: true, Port: probe.Ports[0]}, nil
}

func (e *engine) running(id paas.ContainerID, running bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.containers[id]; c != nil {
		c.Running = running
	}
	return nil
}

func (e *engine) Keep(context.Context, paas.ContainerID) error        { return nil }
func (e *engine) Start(_ context.Context, id paas.ContainerID) error  { return e.running(id, true) }
func (e *engine) Remove(_ context.Context, id paas.ContainerID) error { return e.running(id, false) }
func (e *engine) Changes(context.Context) <-chan struct{}             { return nil }
func (e *engine) Forget(context.Context, paas.ProjectID) error        { return nil }
func (e *engine) Projects(context.Context) ([]paas.ProjectID, error)  { return nil, nil }

func (e *engine) Stop(_ context.Context, id paas.ContainerID, _ time.Duration) error {
	return e.running(id, false)
}

func (e *engine) Containers(context.Context) ([]paas.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []paas.Container
	for _, c := range e.containers {
		all = append(all, *c)
	}
	return all, nil
}

func (e *engine) Statistics(context.Context, paas.ContainerID) (paas.Statistics, error) {
	return paas.Statistics{CPUUsage: 1.5, MemoryUsage: 2, MemoryLimit: 3}, nil
}

func (e *engine) Logs(_ context.Context, _ paas.ContainerID, options paas.LogOptions) (io.ReadCloser, error) {
	if !options.Follow {
		return io.NopCloser(strings.NewReader(fmt.Sprintf("tail %d\nsecond \xff line\n", options.Tail))), nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.followers++
	reader, writer := io.Pipe()
	go func() { // ends with the reader: a pipe that is closed takes no more
		for n := 0; ; n++ {
			if _, err := fmt.Fprintf(writer, "line %d\r\n", n); err != nil {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.followers--
				return
			}
		}
	}()
	return reader, nil
}

func (e *engine) following() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.followers
}

// builder names the image after the tree's file "image"; a tree without one does not build.
type builder struct{}

func (builder) Prepare(context.Context, io.Writer) error             { return nil }
func (builder) Plan(context.Context, string) (paas.BuildPlan, error) { return paas.BuildPlan{}, nil }
func (builder) Forget(context.Context, paas.ProjectID) error         { return nil }
func (builder) Projects(context.Context) ([]paas.ProjectID, error)   { return nil, nil }
func (builder) Size(context.Context, paas.ProjectID) (int64, error)  { return 0, nil }
func (builder) Build(_ context.Context, b paas.Build) (paas.Image, error) {
	fmt.Fprintln(b.Output, "building")
	name, err := os.ReadFile(filepath.Join(b.Dir, "image"))
	if err != nil {
		return paas.Image{}, paas.Errorf(paas.Rejected, paas.EBuildFailed, "the build broke")
	}
	return paas.Image{Ref: paas.ImageRef(name), Processes: []paas.Process{{Type: "web", Command: "./web"}}}, nil
}

// router forgets everything at once.
type router struct{}

func (router) Replace(paas.Route) func(context.Context) error {
	return func(context.Context) error { return nil }
}
func (router) Remove(paas.Hostname) {}
func (router) Routes() []paas.Route { return nil }

// repositories has the branch main in every project.
type repositories struct{}

func (repositories) Create(context.Context, paas.ProjectID) error          { return nil }
func (repositories) Delete(context.Context, paas.ProjectID) error          { return nil }
func (repositories) SetHead(context.Context, paas.ProjectID, string) error { return nil }
func (repositories) Projects(context.Context) ([]paas.ProjectID, error)    { return nil, nil }
func (repositories) Size(context.Context, paas.ProjectID) (int64, error)   { return 1 << 10, nil }
func (repositories) Resolve(_ context.Context, _ paas.ProjectID, branch string) (paas.CommitID, error) {
	if branch != "main" {
		return "", paas.Errorf(paas.NotFound, paas.ENotFound, "no such branch")
	}
	return "c0ffee", nil
}

// source is a tree with one file, image; empty means no file.
type source string

func (s source) Checkout(_ context.Context, _ paas.CommitID, dir string) error {
	if s == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "image"), []byte(s), 0o600)
}
