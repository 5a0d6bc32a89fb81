package paas

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// reconcileEvery is how often the platform compares what runs with what was decided, unasked;
// reconcilePause is how long it rests in between whatever happens, and up to longestPause as long as it
// worked: a host that has much to do keeps half of that time for its applications. reconcileAtOnce is how
// many projects it works on at the same time: Docker starts about four containers a second, however many ask.
const (
	reconcileEvery  = time.Minute
	reconcilePause  = 50 * time.Millisecond
	longestPause    = time.Second
	reconcileAtOnce = 4
)

// reconcileLoop reconciles at the start, whenever the engine says that something changed, and every minute.
func (p *Platform) reconcileLoop(ctx context.Context) error {
	changes := p.Engine.Changes(ctx)
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	told := map[ProjectID]Status{}
	for {
		began := p.now()
		if err := p.Reconcile(ctx); err != nil && ctx.Err() == nil {
			p.Log.WarnContext(ctx, "reconcile; the next try is within a minute", "error", err)
		}
		p.tellStatuses(ctx, told)
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-changes:
			p.engine.happenings.Add(1)
			if !open {
				changes = nil
			}
		case <-p.wake:
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(max(reconcilePause, p.now().Sub(began)), longestPause)):
		}
	}
}

// failInterrupted ends what a daemon that is gone was working on; its containers go with the first reconciliation.
func (p *Platform) failInterrupted(ctx context.Context) error {
	active, err := p.Store.ActiveDeployments(ctx)
	if err != nil {
		return fmt.Errorf("list interrupted deployments: %w", err)
	}
	for _, d := range active {
		d.Diagnosis = &Diagnosis{EInterrupted, "the platform was restarted while it worked on this. Push or deploy again."}
		if err := p.advance(ctx, &d, Failed); err != nil {
			return fmt.Errorf("end interrupted deployment: %w", err)
		}
	}
	return nil
}

// world is one look at everything: what was decided and what runs.
type world struct {
	taken      time.Time
	projects   map[ProjectID]Project
	deleting   map[ProjectID]bool // their deletion has begun: it removes all of them
	live       map[ProjectID]Deployment
	active     map[ProjectID]map[int]bool
	containers map[ProjectID][]Container
}

// look is at everything.
func (p *Platform) look(ctx context.Context) (world, error) {
	return p.lookAt(ctx, p.Engine.Containers)
}

// lookAtOne is at one project: no containers of the others are in it.
func (p *Platform) lookAtOne(ctx context.Context, id ProjectID) (world, error) {
	return p.lookAt(ctx, func(ctx context.Context) ([]Container, error) { return p.Engine.ContainersOf(ctx, id) })
}

// lookAt lists containers first: what starts after is not seen, and what is seen has its row.
func (p *Platform) lookAt(ctx context.Context, list func(context.Context) ([]Container, error)) (world, error) {
	w := world{p.now(), map[ProjectID]Project{}, map[ProjectID]bool{}, map[ProjectID]Deployment{}, map[ProjectID]map[int]bool{}, map[ProjectID][]Container{}}
	containers, err := list(ctx)
	if err != nil {
		return w, err
	}
	for _, container := range containers {
		w.containers[container.Project] = append(w.containers[container.Project], container)
	}
	active, err := p.Store.ActiveDeployments(ctx)
	if err != nil {
		return w, err
	}
	for _, d := range active {
		if w.active[d.Project] == nil {
			w.active[d.Project] = map[int]bool{}
		}
		w.active[d.Project][d.Number] = true
	}
	live, err := p.Store.LiveDeployments(ctx)
	if err != nil {
		return w, err
	}
	for _, d := range live {
		w.live[d.Project] = d
	}
	projects, err := p.Store.AllProjects(ctx)
	if err != nil {
		return w, err
	}
	for _, project := range projects {
		w.projects[project.ID] = project
	}
	deleting, err := p.Store.DeletingProjects(ctx)
	for _, project := range deleting {
		w.deleting[project.ID] = true
	}
	return w, err
}

// wantedOf is what should run of a project, from one look.
func (p *Platform) wantedOf(w world, id ProjectID) wanted {
	want := wanted{project: id, stopped: w.projects[id].Stopped, depth: w.projects[id].Depth, resting: p.vitals.resting(p.now(), w.containers[id])}
	if live, isLive := w.live[id]; isLive {
		want.deployment = &live
	}
	return want
}

// undecided are the containers of a project that nobody is working on. One-off containers are their
// callers' once the daemon has looked around: those that it found had callers in an earlier one.
func (p *Platform) undecided(w world, id ProjectID) []Container {
	var all []Container
	for _, c := range w.containers[id] {
		if !p.retiring.has(c.ID) && !w.active[id][c.Deployment] && !(c.OneOff && p.vitals.looked()) {
			all = append(all, c)
		}
	}
	return all
}

// plan compares for one project; it decides and does nothing.
func (p *Platform) plan(w world, id ProjectID) []Operation {
	if w.deleting[id] {
		return nil
	}
	if _, known := w.projects[id]; !known {
		return []Operation{{Kind: OpForget, Project: id}}
	}
	return plan(p.undecided(w, id), p.wantedOf(w, id))
}

// Reconcile makes what runs agree with what was decided, from full lists. A project on which a
// deployment is working is left to it.
func (p *Platform) Reconcile(ctx context.Context) error {
	if err := p.learn(ctx); err != nil {
		return err
	}
	w, err := p.look(ctx)
	if err != nil {
		return err
	}
	p.reconcileNeighbours(ctx)
	p.tellHappenings(ctx, p.vitals.see(p.now(), w))
	p.collector.follow(w)
	p.sleepers.see(p.now(), w)
	ids := map[ProjectID]bool{}
	for id := range w.projects {
		ids[id] = true
	}
	kept, err := p.Engine.Projects(ctx)
	if err != nil {
		return err
	}
	for _, id := range kept {
		ids[id] = true
	}
	if err := p.refuseMassRemoval(w); err != nil {
		return err
	}
	if err := p.reconcileRoutes(ctx, w); err != nil {
		return err
	}
	p.routedOnce.Do(func() { close(p.routed) })
	var working sync.WaitGroup
	turns := make(chan struct{}, reconcileAtOnce)
	for id := range ids {
		if !p.needsWork(w, id) {
			continue
		}
		turns <- struct{}{}
		working.Go(func() {
			defer func() { <-turns }()
			if err := p.reconcileProject(ctx, id); err != nil && ctx.Err() == nil {
				p.Log.WarnContext(ctx, "reconcile project", "project", id, "error", err)
			}
		})
	}
	working.Wait()
	return ctx.Err()
}

// Routed is closed when the router knows where everything is that runs.
func (p *Platform) Routed() <-chan struct{} { return p.routed }

// refuseMassRemoval asks before more than half of what runs would go because its projects have no
// row: then the store is more likely to be the wrong one than the containers.
func (p *Platform) refuseMassRemoval(w world) error {
	running, orphans := 0, 0
	for id, containers := range w.containers {
		for _, c := range containers {
			if !c.Running {
				continue
			}
			running++
			if _, known := w.projects[id]; !known && !w.deleting[id] {
				orphans++
			}
		}
	}
	if orphans > 1 && orphans*2 > running {
		return Errorf(Conflict, EConflict, "%d of %d running containers belong to projects that the store does not know. Nothing is removed: check that this is the right database.", orphans, running)
	}
	return nil
}

func (p *Platform) needsWork(w world, id ProjectID) bool {
	return len(p.plan(w, id)) > 0 || len(p.crashed(w, id)) > 0
}

// reconcileProject looks again with the project's turn in hand, and acts.
func (p *Platform) reconcileProject(ctx context.Context, id ProjectID) error {
	release, free := p.queue.tryTake(id)
	if !free {
		return nil
	}
	defer release()
	w, err := p.lookAtOne(ctx, id)
	if err != nil {
		return err
	}
	for _, c := range p.crashed(w, id) {
		if err := p.rest(ctx, c); err != nil {
			return err
		}
	}
	for _, o := range p.plan(w, id) {
		began := p.now()
		if err := p.execute(ctx, w, o); err != nil {
			return fmt.Errorf("%s: %w", o, err)
		}
		p.Log.DebugContext(ctx, o.String(), "project", id, "took", p.now().Sub(began))
		p.wakeReconcile() // to see what came of it
	}
	return p.reconcileRoute(ctx, id)
}

// execute does one operation of a reconciliation. What it starts is not waited for: the route follows
// when it answers.
func (p *Platform) execute(ctx context.Context, w world, o Operation) error {
	switch o.Kind {
	case OpStart:
		return p.Engine.Start(ctx, o.Container)
	case OpFreeze:
		return p.Engine.Freeze(ctx, o.Container)
	case OpThaw:
		return p.Engine.Thaw(ctx, o.Container)
	case OpStop:
		return p.Engine.Stop(ctx, o.Container, p.graceOf(w.live[o.Project]))
	case OpRetire, OpRemove:
		return p.Engine.Remove(ctx, o.Container)
	case OpForget:
		return p.Engine.Forget(ctx, o.Project)
	case OpLaunch:
		container, err := p.Engine.Launch(ctx, p.containerSpec(w.live[o.Project], slot{o.Process, o.Index}))
		if err != nil {
			return err
		}
		return p.Engine.Keep(ctx, container.ID)
	}
	return nil // the route is put last, from a new look: the others change what it should be
}
