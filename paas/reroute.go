package paas

import (
	"context"
	"maps"
	"reflect"
	"slices"
)

// decidedRoute is what the ingress should answer for a project.
func (p *Platform) decidedRoute(w world, project Project) Route {
	route := p.route(project.ID, "")
	live, isLive := w.live[project.ID]
	switch {
	case project.Stopped:
		route.State = RouteStopped
	case project.Depth != Awake && isLive:
		return p.routeTo(live, RouteSleeping)
	case isLive:
		return p.liveRoute(live, w.containers[project.ID])
	case len(w.active[project.ID]) > 0:
		route.State = RouteStarting
	default:
		route.State = RouteNew
	}
	return route
}

func sameRoute(a, b Route) bool {
	return a.Host == b.Host && a.State == b.State && slices.Equal(a.Targets, b.Targets) && slices.Equal(a.Also, b.Also) && maps.Equal(a.Redirects, b.Redirects) && slices.Equal(a.Mounts, b.Mounts) &&
		a.Reception == b.Reception && a.Protocol == b.Protocol && a.Plain == b.Plain && slices.EqualFunc(a.Steps, b.Steps, func(a, b Step) bool { return reflect.DeepEqual(a, b) })
}

// reconcileRoutes puts the routes right that are not, those of projects on which somebody works excepted.
// After a start that is all of them: what runs must not wait for what has to be launched, nor for a look
// at everything for each of the others.
func (p *Platform) reconcileRoutes(ctx context.Context, w world) error {
	routes := map[Hostname]Route{}
	for _, route := range p.Router.Routes() {
		routes[route.Host] = route
	}
	var wrong []ProjectID
	for id, project := range w.projects {
		if route := p.decidedRoute(w, project); !sameRoute(routes[route.Host], route) {
			if release, free := p.queue.tryTake(id); free {
				defer release()
				wrong = append(wrong, id)
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	if p.working() { // then again, with their turns in hand
		var err error
		if w, err = p.look(ctx); err != nil {
			return err
		}
	}
	for _, id := range wrong {
		project, known := w.projects[id]
		if !known {
			continue
		}
		p.Router.Replace(p.decidedRoute(w, project))
		if err := p.Repositories.Create(ctx, id); err != nil { // a daemon may have died between row and repository
			return err
		}
	}
	return nil
}

// reroute puts a project's route right at once, unless somebody works on the project: one that can answer
// does not wait for a look at all the others.
func (p *Platform) reroute(ctx context.Context, id ProjectID) {
	defer p.wakeReconcile() // sees to the rest
	release, free := p.queue.tryTake(id)
	if !free {
		return
	}
	defer release()
	if err := p.reconcileRoute(ctx, id); err != nil && ctx.Err() == nil {
		p.Log.WarnContext(ctx, "put the route of a project right", "project", id, "error", err)
	}
}

// reconcileRoute puts the one route right.
func (p *Platform) reconcileRoute(ctx context.Context, id ProjectID) error {
	w, err := p.lookAtOne(ctx, id)
	if err != nil {
		return err
	}
	project, known := w.projects[id]
	if !known {
		return nil
	}
	route := p.decidedRoute(w, project)
	if !slices.ContainsFunc(p.Router.Routes(), func(r Route) bool { return sameRoute(r, route) }) {
		p.Router.Replace(route)
	}
	return nil
}
