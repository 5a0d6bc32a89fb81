package paas

import (
	"context"
	"sync"
	"time"
)

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	EventProjectCreated EventKind = "project.created"
	EventProjectChanged EventKind = "project.changed" // name, settings, variables
	EventProjectDeleted EventKind = "project.deleted"
	EventProjectStatus  EventKind = "project.status"
	EventDeployment     EventKind = "deployment" // one changed its state
)

// Event is a change of a project, told to its owner as it happens.
type Event struct {
	Kind       EventKind
	Project    ProjectID
	Owner      UserID
	At         time.Time
	Status     Status      // of EventProjectStatus
	Deployment *Deployment // of EventDeployment
}

// maxUnread is how many events a listener may be behind before it is cut off, to begin anew.
const maxUnread = 256

// events tells listeners what happens. Nobody waits for a slow one.
type events struct {
	mu        sync.Mutex
	listeners map[chan Event]UserID // guarded by mu
}

func newEvents() *events { return &events{listeners: map[chan Event]UserID{}} }

func (e *events) publish(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for listener, user := range e.listeners {
		if user != event.Owner {
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

func (e *events) end(listener chan Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, there := e.listeners[listener]; there {
		delete(e.listeners, listener)
		close(listener)
	}
}

// Watch tells what happens to the caller's projects until ctx ends. The channel closes then, and when
// the listener falls too far behind.
func (p *Platform) Watch(ctx context.Context, caller User) <-chan Event {
	listener := make(chan Event, maxUnread)
	p.events.mu.Lock()
	p.events.listeners[listener] = caller.ID
	p.events.mu.Unlock()
	context.AfterFunc(ctx, func() { p.events.end(listener) })
	return listener
}

func (p *Platform) tellProject(kind EventKind, project Project) {
	p.events.publish(Event{Kind: kind, Project: project.ID, Owner: project.Owner, At: p.now()})
}

// tellDeployment tells a deployment's owner of its new state.
func (p *Platform) tellDeployment(ctx context.Context, d Deployment) {
	if !p.events.heard() {
		return
	}
	project, err := p.Store.Project(ctx, d.Project)
	if err != nil {
		return // deleted meanwhile: that has an event of its own
	}
	p.events.publish(Event{Kind: EventDeployment, Project: d.Project, Owner: project.Owner, At: p.now(), Deployment: &d})
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
