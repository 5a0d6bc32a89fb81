package api_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
)

// engine keeps containers in memory. Those of the image "bad" never listen.
type engine struct {
	paastest.Engine
	mu         sync.Mutex
	containers map[paas.ContainerID]*paas.Container
	ready      chan struct{} // not nil: starts wait for it

	runs func(context.Context, paas.Streams) (paas.Ending, error) // not nil: what commands do
}

// Run runs a command as a test says, or ends it with the code that its last word is.
func (e *engine) Run(ctx context.Context, spec paas.ContainerSpec, streams paas.Streams) (paas.Ending, error) {
	if e.runs != nil {
		return e.runs(ctx, streams)
	}
	code, _ := strconv.Atoi(spec.Args[len(spec.Args)-1])
	return paas.Ending{ExitCode: code}, nil
}

func (e *engine) Launch(_ context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := paas.Container{
		ID: paas.ContainerID(fmt.Sprintf("%s|%d", spec.Image, len(e.containers))), Project: spec.Project, Deployment: spec.Deployment,
		Process: spec.Process, Index: spec.Index, StartedAt: time.Now(), Port: spec.Port, Running: true, Address: netip.AddrFrom4([4]byte{10, 0, 0, 1}),
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
	return paastest.Ready(probe), nil
}

// hold lets starts wait for the channel; nil lets them go on at once.
func (e *engine) hold(until chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ready = until
}

// Volumes has one, for everybody.
func (e *engine) Volumes(context.Context, paas.ProjectID) ([]paas.VolumeUse, error) {
	return []paas.VolumeUse{{Name: "data", Size: 1 << 30, Used: 1 << 20}}, nil
}

func (e *engine) running(id paas.ContainerID, running bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.containers[id]; c != nil {
		c.Running = running
	}
	return nil
}

func (e *engine) Start(_ context.Context, id paas.ContainerID) error  { return e.running(id, true) }
func (e *engine) Remove(_ context.Context, id paas.ContainerID) error { return e.running(id, false) }
func (e *engine) Stop(_ context.Context, id paas.ContainerID, _ time.Duration) error {
	return e.running(id, false)
}

func (e *engine) ContainersOf(ctx context.Context, id paas.ProjectID) ([]paas.Container, error) {
	all, err := e.Containers(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(c paas.Container) bool { return c.Project != id }), err
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

// Output is what every container writes.
func (e *engine) Output(_ context.Context, id paas.ContainerID, _ time.Time, each func(paas.LogLine) error) error {
	e.mu.Lock()
	c := *e.containers[id]
	e.mu.Unlock()
	for n, text := range []string{"first line", "second \uFFFD line"} {
		line := paas.LogLine{At: c.StartedAt.Add(time.Duration(n)), Deployment: c.Deployment, Process: c.Process, Index: c.Index, Container: id, Stream: paas.Stdout, Text: text}
		if err := each(line); err != nil {
			return err
		}
	}
	return nil
}

// builder names the image after the tree's file "image"; a tree without one does not build.
type builder struct{ paastest.Builder }

func (builder) Build(_ context.Context, b paas.Build) (paas.Image, error) {
	fmt.Fprintln(b.Output, "building")
	name, err := os.ReadFile(filepath.Join(b.Dir, "image"))
	if err != nil {
		return paas.Image{}, paas.Errorf(paas.Rejected, paas.EBuildFailed, "the build broke")
	}
	return paas.Image{Ref: paas.ImageRef(name), Processes: []paas.Process{{Type: "web", Command: "./web"}}}, nil
}

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

func (s source) Checkout(_ context.Context, _ paas.CommitID, dir string) (paas.CommitNote, error) {
	note := paas.CommitNote{Subject: "Say hello", Author: "Ada"}
	if s == "" {
		return note, nil
	}
	return note, os.WriteFile(filepath.Join(dir, "image"), []byte(s), 0o600)
}
