package paas

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// retiring knows the containers that are on their way out, so that a reconciliation leaves them alone.
type retiring struct {
	mu  sync.Mutex
	ids map[ContainerID]struct{} // guarded by mu
}

func newRetiring() *retiring { return &retiring{ids: map[ContainerID]struct{}{}} }

// add tells whether the container was not on its way out already.
func (r *retiring) add(id ContainerID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, there := r.ids[id]
	r.ids[id] = struct{}{}
	return !there
}

func (r *retiring) done(id ContainerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, id)
}

func (r *retiring) has(id ContainerID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, there := r.ids[id]
	return there
}

// takeOver leads the traffic to the deployment's containers and retires every other one of the project.
func (p *Platform) takeOver(ctx context.Context, d Deployment, containers []Container) {
	for _, container := range containers {
		p.vitals.ready(p.now(), container, d)
	}
	drain := p.Router.Replace(p.liveRoute(d, containers))
	defer p.pruneLater(ctx, d.Project)
	all, err := p.containersOf(ctx, d.Project)
	if err != nil {
		p.Log.ErrorContext(ctx, "list what to retire; the next reconciliation does it", "project", d.Project, "error", err)
		return
	}
	for _, container := range all {
		if container.Deployment == d.Number || !p.retiring.add(container.ID) {
			continue
		}
		_, err := p.queue.submit(ctx, d.Project, 0, func(ctx context.Context) error {
			defer p.retiring.done(container.ID)
			p.retire(ctx, container, d, drain)
			return nil
		})
		if err != nil { // shutting down: the next start removes it
			p.retiring.done(container.ID)
		}
	}
}

// retire lets a container finish its requests, asks it to end, and removes it.
func (p *Platform) retire(ctx context.Context, container Container, by Deployment, drain func(context.Context) error) {
	id := container.ID
	draining, cancel := context.WithTimeout(ctx, defaultTo(time.Duration(by.App.Stop.Drain), p.DrainTimeout))
	if err := drain(draining); err != nil {
		p.Log.InfoContext(ctx, "requests were cut at the drain deadline", "container", id)
	}
	cancel()
	if ctx.Err() != nil {
		return
	}
	if err := p.Engine.Stop(ctx, id, p.graceOf(by)); err != nil {
		p.Log.WarnContext(ctx, "stop a replaced container", "container", id, "error", err)
	}
	container.Running = false
	p.collector.drain(ctx, container)
	p.discard(ctx, id)
}

// graceOf is how long a deployment's containers may take between SIGTERM and SIGKILL.
func (p *Platform) graceOf(d Deployment) time.Duration {
	return defaultTo(time.Duration(d.App.Stop.Grace), p.GraceTimeout)
}

// halt stops a project's containers but keeps them, with their logs.
func (p *Platform) halt(ctx context.Context, id ProjectID) error {
	drain := p.Router.Replace(p.route(id, RouteStopped))
	draining, cancel := context.WithTimeout(ctx, p.DrainTimeout)
	defer cancel()
	if err := drain(draining); err != nil && ctx.Err() == nil {
		p.Log.InfoContext(ctx, "requests were cut at the drain deadline", "project", id)
	}
	containers, err := p.containersOf(ctx, id)
	if err != nil {
		return err
	}
	live, err := p.Store.LiveDeployment(ctx, id)
	if err != nil && !IsKind(err, NotFound) {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, container := range containers {
		group.Go(func() error { return p.Engine.Stop(ctx, container.ID, p.graceOf(live)) })
	}
	return group.Wait()
}

// liveRoute leads to those of the containers that run.
func (p *Platform) liveRoute(d Deployment, containers []Container) Route {
	route := p.routeTo(d, RouteCrashed)
	var up []Container
	for _, container := range containers {
		if container.Running && container.Deployment == d.Number && container.Process == d.Image.Entry() && !container.OneOff && container.Address.IsValid() {
			up = append(up, container)
			route.State = RouteStarting
		}
	}
	for _, container := range p.vitals.serving(up) {
		route.State = RouteLive
		route.Targets = append(route.Targets, netip.AddrPortFrom(container.Address, uint16(d.Port)))
	}
	return route
}

// showStarting tells visitors of a project that has never answered that it is on its way.
func (p *Platform) showStarting(id ProjectID) {
	for _, route := range p.Router.Routes() {
		if route.Project == id && route.State == RouteLive {
			return
		}
	}
	p.Router.Replace(p.route(id, RouteStarting))
}

// refreshRoute puts right what a failed deployment left on show.
func (p *Platform) refreshRoute(ctx context.Context, id ProjectID) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := p.reconcileRoute(ctx, id); err != nil {
		p.Log.WarnContext(ctx, "refresh route", "project", id, "error", err)
	}
}
