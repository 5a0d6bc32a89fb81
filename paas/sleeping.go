package paas

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	sleepTick = time.Second
	// wakeTimeout bounds a wake beside the application's own deadline.
	wakeTimeout = 30 * time.Second
)

// sleepLoop puts projects to sleep that nobody uses.
func (p *Platform) sleepLoop(ctx context.Context) error {
	tick := time.NewTicker(sleepTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		p.tuckIn(ctx, p.now())
	}
}

// tuckIn takes everybody whose time has come to the next depth.
func (p *Platform) tuckIn(ctx context.Context, now time.Time) {
	if !p.sleepers.any() {
		return
	}
	for id, depth := range p.sleepers.due(now, p.Router.Traffic()) {
		if err := p.sink(ctx, id, depth, nil); err != nil && ctx.Err() == nil {
			p.Log.WarnContext(ctx, "put a project to sleep", "project", id, "error", err)
		}
	}
}

// Sleep stops a project, or only freezes it, until the next request comes for it; one that is frozen can
// still be stopped. Conflict when it is stopped, was never live, or requests are in flight.
func (p *Platform) Sleep(ctx context.Context, caller User, id ProjectID, depth Depth) error {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return err
	}
	if project.Stopped {
		return Errorf(Conflict, EConflict, "The project is stopped: no request would wake it. Start it first.")
	}
	if _, err := p.Store.LiveDeployment(ctx, id); err != nil {
		return Errorf(Conflict, EConflict, "Nothing of the project runs that could go to sleep.")
	}
	return p.sink(ctx, id, depth, &caller)
}

// errInUse says that a project does not go to sleep now.
var errInUse = Errorf(Conflict, EConflict, "The project is in use: a deployment or a command is on its way, or requests are in flight. Try again when they have ended.")

// sink takes a project to a depth. From the moment on in which its route sleeps, requests wake it.
func (p *Platform) sink(ctx context.Context, id ProjectID, depth Depth, by *User) error {
	release, err := p.takeToSleep(ctx, id, by)
	if err != nil {
		return err
	}
	defer release()
	project, err := p.Store.Project(ctx, id)
	if err != nil || project.Stopped || project.Depth == depth || project.Depth == Asleep {
		return err
	}
	live, err := p.Store.LiveDeployment(ctx, id)
	if err != nil {
		return err
	}
	if p.sleepers.isHeld(id) || !p.Router.Rest(p.routeTo(live, RouteSleeping)) {
		p.sleepers.use(id, p.now())
		return errInUse
	}
	now := p.now()
	if err := p.Store.SetDepth(ctx, id, depth, now); err != nil {
		p.wakeReconcile() // puts the route back
		return err
	}
	// A command that began meanwhile may have found the project awake. One that begins from now on wakes it.
	if p.sleepers.isHeld(id) {
		p.sleepers.use(id, now)
		if err := p.Store.SetDepth(ctx, id, Awake, now); err != nil {
			return err
		}
		if err := p.reconcileRoute(ctx, id); err != nil {
			return err
		}
		return errInUse
	}
	p.sleepers.slept(id, depth, now)
	p.tellSlept(ctx, project, depth, by)
	return p.follow(ctx, id)
}

// handPatience is how long a person who puts a project to sleep waits for its turn: what looks after it takes it for
// moments, too. A deployment takes longer, and is not waited for.
const handPatience = 2 * time.Second

// takeToSleep takes a project's turn; errInUse when it is another's.
func (p *Platform) takeToSleep(ctx context.Context, id ProjectID, by *User) (func(), error) {
	if by != nil {
		ctx, cancel := context.WithTimeoutCause(ctx, handPatience, errInUse)
		defer cancel()
		return p.queue.take(ctx, id)
	}
	release, free := p.queue.tryTake(id)
	if !free {
		return nil, errInUse
	}
	return release, nil
}

// follow makes a project's containers what its depth says; its turn is held.
func (p *Platform) follow(ctx context.Context, id ProjectID) error {
	w, err := p.lookAtOne(ctx, id)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, o := range p.plan(w, id) {
		switch o.Kind {
		case OpFreeze, OpThaw, OpStop, OpStart:
			group.Go(func() error { return p.execute(ctx, w, o) })
		}
	}
	return group.Wait()
}

func (p *Platform) tellSlept(ctx context.Context, project Project, depth Depth, by *User) {
	if project.Depth != Awake {
		return // that it sleeps was told
	}
	if by != nil {
		p.tellProject(ctx, EventProjectSlept, project, *by, "put it to sleep")
		return
	}
	p.happened(ctx, Event{Kind: EventProjectSlept, Project: project.ID, Owner: project.Owner, Message: "It went to sleep: nobody had asked for it for a while. The next request wakes it."})
}

// Wake wakes a project that sleeps, when its owner asks.
func (p *Platform) Wake(ctx context.Context, caller User, id ProjectID) error {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return err
	}
	outcome, job, err := p.submitWake(ctx, id)
	if err != nil {
		return err
	}
	if err := job.wait(ctx, false); err != nil {
		return err
	}
	select {
	case err := <-outcome:
		return err
	default: // it was awake
		return nil
	}
}

// submitWake has a job wake a project; the outcome is told as soon as requests can come, and not at all
// when the project is awake.
func (p *Platform) submitWake(ctx context.Context, id ProjectID) (<-chan error, *job, error) {
	outcome := make(chan error, 1)
	job, err := p.queue.submit(ctx, id, 0, func(ctx context.Context) error { return p.rouseInTurn(ctx, id, outcome) })
	return outcome, job, err
}

// Rouse wakes a project that sleeps and returns when it takes requests; it is for whoever has one for it.
// The error says why it does not, as a failed start's does; the project is awake then, and treated as one
// whose containers end. What is awake is kept last: a daemon that dies on the way has it sleep again.
func (p *Platform) Rouse(ctx context.Context, id ProjectID) error {
	outcome, job, err := p.submitWake(ctx, id)
	if err != nil {
		return err
	}
	select {
	case err := <-outcome:
		return err
	case <-job.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-outcome:
		return err
	default:
		return job.err
	}
}

// rouseFor is Rouse unless the project is awake.
func (p *Platform) rouseFor(ctx context.Context, id ProjectID) error {
	project, err := p.Store.Project(ctx, id)
	if err != nil || project.Depth == Awake {
		return err
	}
	return p.Rouse(ctx, id)
}

// rouseInTurn tells the outcome as soon as requests can come; the project's turn lasts until all is kept.
func (p *Platform) rouseInTurn(ctx context.Context, id ProjectID, outcome chan<- error) error {
	began := time.Now()
	release, err := p.queue.take(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	project, err := p.Store.Project(ctx, id)
	if err != nil {
		return err
	}
	if project.Depth == Awake {
		return p.reconcileRoute(ctx, id)
	}
	live, err := p.Store.LiveDeployment(ctx, id)
	if err != nil {
		return err
	}
	err = p.rouse(ctx, project, live)
	outcome <- err
	p.afterWake(context.WithoutCancel(ctx), project, time.Since(began), err)
	return nil
}

// afterWake keeps and tells that a project is awake.
func (p *Platform) afterWake(ctx context.Context, project Project, took time.Duration, failed error) {
	defer p.wakeReconcile() // sees to the rest: workers, and what did not come up
	p.sleepers.slept(project.ID, Awake, p.now())
	p.sleepers.woke(project.ID, took, failed)
	if err := p.Store.SetDepth(ctx, project.ID, Awake, time.Time{}); err != nil {
		p.Log.ErrorContext(ctx, "keep that a project is awake; it goes to sleep again", "project", project.ID, "error", err)
	}
	how := fmt.Sprintf("It woke up for a request, which waited %s.", took.Round(time.Millisecond))
	if failed != nil {
		how = "A request was to wake it, which failed: " + Public(failed).Message
	}
	p.happened(ctx, Event{Kind: EventProjectWoke, Project: project.ID, Owner: project.Owner, Message: how})
}

// rouse starts or thaws the containers that take requests, and leads requests to those that answer. It
// fails when none does; the others are looked after like any that ended.
func (p *Platform) rouse(ctx context.Context, project Project, live Deployment) error {
	ctx, cancel := context.WithTimeout(ctx, p.readinessProbe(live, live.Image.Entry()).Deadline+wakeTimeout)
	defer cancel()
	containers, err := p.containersOf(ctx, project.ID)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	risen := make([]error, len(containers))
	for n, c := range containers {
		if c.Deployment == live.Number && !c.OneOff {
			group.Go(func() { risen[n] = p.rouseOne(ctx, live, c) })
		}
	}
	group.Wait()
	failed := map[ContainerID]bool{}
	for n, c := range containers {
		if failed[c.ID] = risen[n] != nil; failed[c.ID] {
			p.Log.WarnContext(ctx, "a container does not wake up", "project", project.ID, "container", c.ID, "process", c.Process, "error", risen[n])
		}
	}
	if containers, err = p.containersOf(ctx, project.ID); err != nil { // started ones have other addresses
		return err
	}
	for _, c := range containers {
		if c.Deployment == live.Number && c.Running && !c.OneOff && !failed[c.ID] {
			p.vitals.ready(p.now(), c, live)
		}
	}
	route := p.liveRoute(live, containers)
	p.Router.Replace(route)
	if route.State == RouteLive {
		return nil
	}
	for _, err := range risen {
		if err != nil {
			return err
		}
	}
	return Errorf(Unavailable, EUnavailable, "There is no container of the application that could be started; it is made anew in a moment.")
}

// rouseOne brings one container back. One that was only frozen answers as it did before.
func (p *Platform) rouseOne(ctx context.Context, live Deployment, c Container) error {
	if c.Paused {
		return p.Engine.Thaw(ctx, c.ID)
	}
	if c.Running {
		return nil
	}
	p.vitals.forget(c.ID) // that it was started again is no news
	if err := p.Engine.Start(ctx, c.ID); err != nil {
		return err
	}
	probe := p.readinessProbe(live, c.Process)
	if len(probe.Ports) == 0 {
		return nil // nobody waits for what takes no requests
	}
	if live.Port > 0 {
		probe.Ports = []int{live.Port}
	}
	seen, err := p.Engine.Await(ctx, c.ID, probe)
	if err != nil {
		return err
	}
	if !seen.Ready {
		return diagnoseStart(seen, c.Process, probe, p.lastWords(ctx, c)).Error()
	}
	return nil
}

// lastWords are the last lines of a container that was started again; nobody reads that start yet.
func (p *Platform) lastWords(ctx context.Context, c Container) []string {
	containers, err := p.containersOf(ctx, c.Project)
	if err != nil {
		return nil // what it says only makes the diagnosis closer
	}
	for _, now := range containers {
		if now.ID == c.ID {
			p.collector.begin(now)
			return p.showLastLines(ctx, now, io.Discard)
		}
	}
	return nil
}
