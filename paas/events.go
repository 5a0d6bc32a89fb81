package paas

import (
	"context"
	"slices"
	"sync"
)

// maxUnread is how many events a listener may be behind before it is cut off, to begin anew.
const maxUnread = 256

// EventStore keeps what happened to projects.
type EventStore interface {
	// AppendEvent keeps an event and gives it its id. Of each project the newest MaxEvents of
	// containers and MaxEvents others are kept. NotFound when the project is gone.
	AppendEvent(ctx context.Context, event Event) (Event, error)
	// Events lists a project's, newest first, from below the id before (0 is no bound) and at most limit
	// (0 is all).
	Events(ctx context.Context, project ProjectID, before int64, limit int) ([]Event, error)
}

// events tells listeners what happens. Nobody waits for a slow one.
type events struct {
	mu        sync.Mutex
	listeners map[chan Event]func(Event) bool // guarded by mu; what each wants to hear
}

func newEvents() *events { return &events{listeners: map[chan Event]func(Event) bool{}} }

func (e *events) publish(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for listener, wants := range e.listeners {
		if !wants(event) {
			continue
		}
		select {
		case listener <- event:
		default:
			delete(e.listeners, listener)
			close(listener)
		}
	}
}

func (e *events) heard() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.listeners) > 0
}

func (e *events) listen(ctx context.Context, wants func(Event) bool) <-chan Event {
	listener := make(chan Event, maxUnread)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listeners[listener] = wants
	context.AfterFunc(ctx, func() { e.end(listener) })
	return listener
}

func (e *events) end(listener chan Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, there := e.listeners[listener]; there {
		delete(e.listeners, listener)
		close(listener)
	}
}

// Watch tells what happens to the caller's projects, and to others that the caller may see, until ctx
// ends. The channel closes then, and when the listener falls too far behind.
func (p *Platform) Watch(ctx context.Context, caller User, others ...ProjectID) (<-chan Event, error) {
	for _, id := range others {
		if _, err := p.Project(ctx, caller, id); err != nil {
			return nil, err
		}
	}
	return p.events.listen(ctx, func(e Event) bool { return e.Owner == caller.ID || slices.Contains(others, e.Project) }), nil
}

// WatchProject tells what happens to one project alone.
func (p *Platform) WatchProject(ctx context.Context, caller User, id ProjectID) (<-chan Event, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	return p.events.listen(ctx, func(e Event) bool { return e.Project == id }), nil
}

// Events lists what happened to a project, newest first, from below the id before (0 is no bound).
func (p *Platform) Events(ctx context.Context, caller User, id ProjectID, before int64, limit int) ([]Event, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	return p.Store.Events(ctx, id, before, limit)
}

// happened keeps an event and tells it. It comes after what it is about, so that its own failure is only
// logged: what was done is done.
func (p *Platform) happened(ctx context.Context, event Event) {
	event.At = p.now()
	kept, err := p.Store.AppendEvent(context.WithoutCancel(ctx), event)
	if err != nil && !IsKind(err, NotFound) {
		p.Log.ErrorContext(ctx, "keep an event", "project", event.Project, "kind", event.Kind, "error", err)
	}
	if err == nil {
		event.ID = kept.ID
	}
	p.events.publish(event)
}

// tellProject keeps and tells what somebody did to a project.
func (p *Platform) tellProject(ctx context.Context, kind EventKind, project Project, by User, did string) {
	p.happened(ctx, Event{Kind: kind, Project: project.ID, Owner: project.Owner, By: by.Username, Message: by.Username + " " + did + "."})
}

// tellDeployment tells a deployment's owner of its new state, and keeps it when that is its end or its
// beginning to take traffic.
func (p *Platform) tellDeployment(ctx context.Context, d Deployment) {
	ended := d.State == Live || d.State == Failed || d.State == Aborted
	if !ended && !p.events.heard() {
		return
	}
	project, err := p.Store.Project(context.WithoutCancel(ctx), d.Project)
	if err != nil {
		return // deleted meanwhile: that has an event of its own
	}
	event := Event{Kind: EventDeployment, Project: d.Project, Owner: project.Owner, At: p.now(), Number: d.Number, Deployment: &d}
	if !ended {
		p.events.publish(event)
		return
	}
	if user, err := p.Store.User(context.WithoutCancel(ctx), d.By); err == nil {
		event.By = user.Username
	}
	event.Message = deploymentWords(d, event.By)
	p.happened(ctx, event)
}

// tellContainer keeps and tells what happened to a container of a live version.
func (p *Platform) tellContainer(ctx context.Context, kind EventKind, c Container, what string) {
	project, err := p.Store.Project(context.WithoutCancel(ctx), c.Project)
	if err != nil {
		return // deleted meanwhile
	}
	event := Event{Kind: kind, Project: c.Project, Owner: project.Owner, Number: c.Deployment, Process: slot{c.Process, c.Index}.String(), Message: what}
	if kind == EventEnded || kind == EventOutOfMemory {
		event.ExitCode = &c.ExitCode
	}
	p.happened(ctx, event)
}

// tellStatuses tells owners what their projects show now, as far as that has changed since told.
func (p *Platform) tellStatuses(ctx context.Context, told map[ProjectID]Status) {
	if !p.events.heard() {
		clear(told)
		return
	}
	projects, err := p.Store.AllProjects(ctx)
	if err != nil {
		return // the reconciliation that has just run said so
	}
	states, err := p.States(ctx, projects)
	if err != nil {
		return
	}
	for _, project := range projects {
		status := states[project.ID].Status
		if told[project.ID] != status {
			told[project.ID] = status
			p.events.publish(Event{Kind: EventProjectStatus, Project: project.ID, Owner: project.Owner, At: p.now(), Status: status})
		}
	}
}

// endingsLoop tells of containers that end by themselves. What keeps ending is told once.
func (p *Platform) endingsLoop(ctx context.Context) error {
	endings := p.Engine.Endings(ctx)
	for {
		var c Container
		var open bool
		select {
		case <-ctx.Done():
			return nil
		case c, open = <-endings:
		}
		if !open {
			return nil
		}
		known, is := p.vitals.of(c.ID)
		if !is { // never live: its deployment says why
			continue
		}
		c.Memory = known.container.Memory
		how := ending(c)
		p.vitals.ended(c.ID, how)
		if known.crashes > 0 {
			continue
		}
		kind := EventEnded
		if c.OOMKilled {
			kind = EventOutOfMemory
		}
		p.tellContainer(ctx, kind, c, how)
	}
}
