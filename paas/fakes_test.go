package paas_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/rpc/rpctest"
	"github.com/paastech-cloud/paastech/store"
)

// fakeEngine keeps containers in memory; readiness says what a start of an image ends in.
type fakeEngine struct {
	paastest.Engine
	mu         sync.Mutex
	containers map[paas.ContainerID]*paas.Container
	next       int
	readiness  map[paas.ImageRef]paas.Readiness // default: ready at once
	unwell     map[paas.ContainerID]paas.Readiness
	endings    map[string]paas.Ending // of one-off containers, by command; default: exit code 0
	ran        []paas.ContainerSpec   // one-off containers
	retained   []paas.ImageRef
	awaiting   chan struct{} // not nil: Await waits for it
	runs       int
	projects   map[paas.ProjectID]bool
	volumes    []paas.VolumeUse // everybody's
	lacking    []paas.ImageRef
	ended      chan paas.Container
	says       string // each container, when it starts; default: last words
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{
		containers: map[paas.ContainerID]*paas.Container{}, readiness: map[paas.ImageRef]paas.Readiness{},
		projects: map[paas.ProjectID]bool{}, unwell: map[paas.ContainerID]paas.Readiness{}, endings: map[string]paas.Ending{},
		ended: make(chan paas.Container),
	}
}

func (e *fakeEngine) Launch(_ context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next++
	e.runs++
	c := paas.Container{
		ID: paas.ContainerID(fmt.Sprintf("%s|%d", spec.Image, e.next)), Project: spec.Project, Deployment: spec.Deployment,
		Process: spec.Process, Index: spec.Index, Port: spec.Port, Running: true, Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(e.next)}),
		StartedAt: time.Now(), Memory: spec.Limits.Memory,
	}
	e.containers[c.ID] = &c
	e.projects[spec.Project] = true
	return c, nil
}

func (e *fakeEngine) Await(ctx context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	e.mu.Lock()
	wait := e.awaiting
	image, _, _ := strings.Cut(string(id), "|")
	seen, set := e.readiness[paas.ImageRef(image)]
	if one, is := e.unwell[id]; is {
		seen, set = one, true
	}
	e.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return paas.Readiness{}, context.Cause(ctx)
		}
	}
	if !set {
		seen = paas.Readiness{Ready: true}
		if len(probe.Ports) > 0 {
			seen.Port = probe.Ports[0]
		}
	}
	return seen, nil
}

func (e *fakeEngine) Check(_ context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if seen, is := e.unwell[id]; is {
		return seen, nil
	}
	return paas.Readiness{Ready: true, Port: probe.Ports[0]}, nil
}

func (e *fakeEngine) Run(_ context.Context, spec paas.ContainerSpec, streams paas.Streams) (paas.Ending, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ran = append(e.ran, spec)
	command := spec.Command + strings.Join(spec.Args, " ")
	fmt.Fprintln(streams.Output, "ran", command)
	return e.endings[command], nil
}

func (e *fakeEngine) Exec(_ context.Context, id paas.ContainerID, command []string, streams paas.Streams) (paas.Ending, error) {
	fmt.Fprintln(streams.Output, "ran", strings.Join(command, " "), "in", id)
	return paas.Ending{}, nil
}

// Output gives one line and ends with the container.
func (e *fakeEngine) Output(ctx context.Context, id paas.ContainerID, _ time.Time, each func(paas.LogLine) error) error {
	e.mu.Lock()
	c := e.containers[id]
	if c == nil {
		e.mu.Unlock()
		return paas.Errorf(paas.NotFound, paas.ENotFound, "gone")
	}
	line := paas.LogLine{At: c.StartedAt, Deployment: c.Deployment, Process: c.Process, Index: c.Index, Container: id, Stream: paas.Stdout, Text: cmp.Or(e.says, "last words")}
	e.mu.Unlock()
	return each(line)
}

func (e *fakeEngine) Retain(_ context.Context, _ paas.ProjectID, keep []paas.ImageRef) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.retained = keep
	return nil
}

func (e *fakeEngine) change(id paas.ContainerID, change func(*paas.Container)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.containers[id]; c != nil {
		change(c)
	}
	return nil
}

func (e *fakeEngine) Keep(_ context.Context, id paas.ContainerID) error {
	return e.change(id, func(c *paas.Container) { c.Kept = true })
}

func (e *fakeEngine) Start(_ context.Context, id paas.ContainerID) error {
	return e.change(id, func(c *paas.Container) {
		c.Running, c.Kept, c.Restarts, c.StartedAt = true, true, 0, time.Now()
	})
}

func (e *fakeEngine) Stop(_ context.Context, id paas.ContainerID, _ time.Duration) error {
	return e.change(id, func(c *paas.Container) { c.Running, c.Restarting, c.Kept, c.Paused = false, false, false, false })
}

func (e *fakeEngine) Remove(_ context.Context, id paas.ContainerID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.containers, id)
	return nil
}

func (e *fakeEngine) ContainersOf(ctx context.Context, id paas.ProjectID) ([]paas.Container, error) {
	all, err := e.Containers(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(c paas.Container) bool { return c.Project != id }), err
}

func (e *fakeEngine) Containers(context.Context) ([]paas.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []paas.Container
	for _, c := range e.containers {
		all = append(all, *c)
	}
	return all, nil
}

func (e *fakeEngine) Freeze(_ context.Context, id paas.ContainerID) error {
	return e.setPaused(id, true)
}
func (e *fakeEngine) Thaw(_ context.Context, id paas.ContainerID) error {
	return e.setPaused(id, false)
}

func (e *fakeEngine) setPaused(id paas.ContainerID, paused bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.containers[id]
	if c == nil || !c.Running {
		return paas.Errorf(paas.NotFound, paas.ENotFound, "no such container")
	}
	c.Paused = paused
	return nil
}

func (e *fakeEngine) Statistics(context.Context, paas.ContainerID) (paas.Statistics, error) {
	return paas.Statistics{CPUUsage: 1, MemoryUsage: 2, MemoryLimit: 3}, nil
}

func (e *fakeEngine) Volumes(context.Context, paas.ProjectID) ([]paas.VolumeUse, error) {
	return e.volumes, nil
}

func (e *fakeEngine) Lacking(context.Context, []paas.ImageRef) ([]paas.ImageRef, error) {
	return e.lacking, nil
}

func (e *fakeEngine) Forget(_ context.Context, project paas.ProjectID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, c := range e.containers {
		if c.Project == project {
			delete(e.containers, id)
		}
	}
	delete(e.projects, project)
	return nil
}

func (e *fakeEngine) Projects(context.Context) ([]paas.ProjectID, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []paas.ProjectID
	for id := range e.projects {
		all = append(all, id)
	}
	return all, nil
}

// fakeBuilder names the image after the commit's content; a tree with a file FAIL does not build,
// one with a file SLOW builds until it is canceled, and with MUTE too does not say that it was.
type fakeBuilder struct {
	paastest.Builder
	plan     paas.BuildPlan
	types    []string      // of processes; default: web
	building chan struct{} // gets a value when a slow build has begun
	mu       sync.Mutex
	builds   []paas.Build // guarded by mu while builds go on
}

func (b *fakeBuilder) Plan(context.Context, string) (paas.BuildPlan, error) { return b.plan, nil }

func (b *fakeBuilder) Build(ctx context.Context, build paas.Build) (paas.Image, error) {
	b.mu.Lock()
	b.builds = append(b.builds, build)
	b.mu.Unlock()
	fmt.Fprintln(build.Output, "building")
	if _, err := os.Stat(filepath.Join(build.Dir, "FAIL")); err == nil {
		return paas.Image{}, paas.Errorf(paas.Rejected, paas.EBuildFailed, "the build broke")
	}
	if _, err := os.Stat(filepath.Join(build.Dir, "SLOW")); err == nil {
		b.building <- struct{}{}
		<-ctx.Done()
		if _, err := os.Stat(filepath.Join(build.Dir, "MUTE")); err == nil {
			return paas.Image{}, errors.New("the connection broke")
		}
		return paas.Image{}, context.Cause(ctx)
	}
	name, err := os.ReadFile(filepath.Join(build.Dir, "image"))
	image := paas.Image{Ref: paas.ImageRef(name)}
	for _, process := range append([]string{"web"}, b.types...) {
		image.Processes = append(image.Processes, paas.Process{Type: process})
	}
	return image, err
}

// fakeRouter keeps the table and drains at once.
type fakeRouter struct {
	certificates []paas.Certificate
	busy         bool // a request is in flight
	traffic      map[paas.ProjectID]paas.Traffic

	paastest.Router
	mu     sync.Mutex
	routes map[paas.Hostname]paas.Route
}

func (r *fakeRouter) Replace(route paas.Route) func(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.routes[route.Host] = route
	return func(context.Context) error { return nil }
}

func (r *fakeRouter) Rest(route paas.Route) bool {
	if r.isBusy() {
		return false
	}
	r.Replace(route)
	return true
}

func (r *fakeRouter) isBusy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.busy
}

func (r *fakeRouter) Traffic() map[paas.ProjectID]paas.Traffic {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.traffic)
}

// use has requests have come then, and some be in flight.
func (r *fakeRouter) use(id paas.ProjectID, last time.Time, busy int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = busy > 0
	r.traffic = map[paas.ProjectID]paas.Traffic{id: {Last: last, Busy: busy}}
}

func (r *fakeRouter) Remove(host paas.Hostname) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.routes, host)
}

func (r *fakeRouter) Routes() []paas.Route {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []paas.Route
	for _, route := range r.routes {
		all = append(all, route)
	}
	return all
}

func (r *fakeRouter) Certificates(context.Context) []paas.Certificate { return r.certificates }

func (r *fakeRouter) CARoot() []byte { return nil }

func (r *fakeRouter) state(host paas.Hostname) paas.RouteState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.routes[host].State
}

// fakeRepositories remembers which exist and what HEAD is.
type fakeRepositories struct {
	heads map[paas.ProjectID]string
}

func (r *fakeRepositories) Create(_ context.Context, id paas.ProjectID) error {
	if _, there := r.heads[id]; !there {
		r.heads[id] = ""
	}
	return nil
}

func (r *fakeRepositories) Delete(_ context.Context, id paas.ProjectID) error {
	delete(r.heads, id)
	return nil
}

func (r *fakeRepositories) SetHead(_ context.Context, id paas.ProjectID, branch string) error {
	r.heads[id] = branch
	return nil
}

func (r *fakeRepositories) Resolve(_ context.Context, _ paas.ProjectID, branch string) (paas.CommitID, error) {
	if branch == "missing" {
		return "", paas.Errorf(paas.NotFound, paas.ENotFound, "no such branch")
	}
	return "c0ffee", nil
}

func (r *fakeRepositories) Projects(context.Context) ([]paas.ProjectID, error) {
	return slices.Collect(maps.Keys(r.heads)), nil
}

func (r *fakeRepositories) Size(context.Context, paas.ProjectID) (int64, error) { return 1 << 10, nil }

// tree is a source whose files are named; every file holds its name but for image, which holds image's value.
type tree map[string]string

func (t tree) Checkout(_ context.Context, _ paas.CommitID, dir string) (paas.CommitNote, error) {
	for name, content := range t {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return paas.CommitNote{}, err
		}
	}
	return paas.CommitNote{Subject: "Say hello", Author: "Ada"}, nil
}

// world is a platform over fakes and a real store, with one user and one project.
type world struct {
	*paas.Platform
	t       *testing.T
	engine  *fakeEngine
	wrapped paas.Engine // instead of engine; nil: engine itself
	builder *fakeBuilder
	router  *fakeRouter
	repos   *fakeRepositories
	logbook *paastest.Logbook
	store   *store.Store
	ada     paas.User
	project paas.Project
	halt    func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	data, err := store.Open(t.Context(), store.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { data.Close() })
	w := &world{
		t: t, engine: newFakeEngine(), builder: &fakeBuilder{building: make(chan struct{}, 1)},
		router: &fakeRouter{routes: map[paas.Hostname]paas.Route{}}, repos: &fakeRepositories{heads: map[paas.ProjectID]string{}},
		logbook: &paastest.Logbook{}, store: data,
	}
	w.serve(dir)
	w.ada, err = w.CreateUser(t.Context(), paas.NewUser{Username: "ada", Email: "ada@example.com", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	w.project, err = w.CreateProject(t.Context(), w.ada, "hello")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// serve starts a platform, as a daemon does, over what is there.
func (w *world) serve(dir string) {
	w.t.Helper()
	engine := w.wrapped
	if engine == nil {
		engine = w.engine
	}
	var repositories paas.Repositories = w.repos
	if os.Getenv(splitVariable) != "" {
		engine, repositories = rpctest.Engine(w.t, engine), rpctest.Repositories(w.t, repositories)
	}
	platform, err := paas.New(paas.Options{
		Store: w.store, Engine: engine, Builder: w.builder, Router: w.router, Repositories: repositories, Logbook: w.logbook,
		DataDir: dir, Domain: "localhost", AppURL: &url.URL{Scheme: "http", Host: "x:8080"}, Log: slog.New(slog.DiscardHandler),
		ReadyTimeout: time.Second, DrainTimeout: time.Second, GraceTimeout: time.Second,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Platform = platform
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- platform.Run(ctx) }()
	w.halt = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(w.halt)
}

// push pushes a tree to a branch and returns what the pusher saw.
func (w *world) push(ctx context.Context, branch string, source tree) (string, error) {
	var seen strings.Builder
	err := w.Push(ctx, paas.Push{
		Project: w.project, By: w.ada, Source: source, Output: &seen,
		Updates: []paas.RefUpdate{{Ref: "refs/heads/" + branch, Old: "0000", New: "c0ffee"}},
	})
	return seen.String(), err
}

func (w *world) mustPush(image string) string {
	w.t.Helper()
	seen, err := w.push(w.t.Context(), "main", tree{"image": image})
	if err != nil {
		w.t.Fatalf("push %s: %v\n%s", image, err, seen)
	}
	return seen
}

func (w *world) status() paas.ProjectState {
	w.t.Helper()
	state, err := w.State(w.t.Context(), w.ada, w.project.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

// live is the deployment that runs, with its environment.
func (w *world) live() paas.Deployment {
	w.t.Helper()
	live, err := w.store.LiveDeployment(w.t.Context(), w.project.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return live
}

// running lists the images that run.
func (w *world) running() []string {
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	var images []string
	for id, c := range w.engine.containers {
		if c.Running {
			image, _, _ := strings.Cut(string(id), "|")
			images = append(images, image)
		}
	}
	slices.Sort(images)
	return images
}

// eventually waits for what happens beside the caller, as retiring does.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			w.t.Fatalf("still not so: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (w *world) eventuallyRunning(images ...string) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("running is %v", images), func() bool { return slices.Equal(w.running(), images) })
}
