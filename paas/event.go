package paas

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// EventKind says what happened.
type EventKind string

// The kinds of events. Those of projects and containers, and deployments that came to an end, are kept.
const (
	EventProjectCreated EventKind = "project.created"
	EventProjectChanged EventKind = "project.changed" // name, settings, variables, numbers of containers
	EventProjectStopped EventKind = "project.stopped"
	EventProjectSlept   EventKind = "project.slept"
	EventProjectWoke    EventKind = "project.woke"
	EventProjectDeleted EventKind = "project.deleted"
	EventProjectStatus  EventKind = "project.status"
	EventDeployment     EventKind = "deployment" // one changed its state

	EventEnded       EventKind = "container.ended" // by itself
	EventOutOfMemory EventKind = "container.oom"   // the kernel killed it for its memory
	EventRestarted   EventKind = "container.restarted"
	EventUnhealthy   EventKind = "container.unhealthy"
	EventCrashing    EventKind = "container.crashing" // it keeps ending; what else happens to it is not told until it is calm
	EventCalm        EventKind = "container.calm"     // it has lived for long enough again
)

// EventKinds are all of them.
func EventKinds() []EventKind {
	return []EventKind{
		EventDeployment, EventProjectStatus, EventProjectCreated, EventProjectChanged, EventProjectStopped, EventProjectSlept, EventProjectWoke, EventProjectDeleted,
		EventEnded, EventOutOfMemory, EventRestarted, EventUnhealthy, EventCrashing, EventCalm,
	}
}

// containerEvents begin the kinds of what happens to containers.
const containerEvents = "container."

// OfContainer tells whether it happened to a container. There may be many of these: they are kept apart.
func (k EventKind) OfContainer() bool { return strings.HasPrefix(string(k), containerEvents) }

// Event is what happened to a project.
type Event struct {
	ID      int64 // grows; 0 when it is not kept
	Kind    EventKind
	Project ProjectID
	Owner   UserID
	At      time.Time
	Message string // a sentence; empty where the kind says all

	By       string // username of who did it; empty when nobody did
	Number   int    // of the deployment it is about; 0 is none's
	Process  string // web.1; empty when it is no container's
	ExitCode *int   // of a container that ended

	Status     Status      // of EventProjectStatus
	Deployment *Deployment // of EventDeployment; not kept
}

// MaxEvents is how many of a project's events are kept, of containers and of others each; the oldest go
// first.
const MaxEvents = 250

// deploymentWords says what became of a deployment, and what it was made for.
func deploymentWords(d Deployment, by string) string {
	what := string(d.Reason)
	if d.Reason == ReasonPush && d.Commit != "" {
		what += " of " + d.Commit.Short()
	}
	if d.Reason == ReasonRollback {
		what += fmt.Sprintf(" to v%d", d.Restores)
	}
	if by != "" {
		what += " by " + by
	}
	switch {
	case d.State == Live:
		return fmt.Sprintf("%s is live (%s).", d.Name(), what)
	case d.State == Aborted:
		return fmt.Sprintf("%s was canceled (%s).", d.Name(), what)
	case d.Diagnosis != nil:
		return fmt.Sprintf("%s failed (%s): %s: %s", d.Name(), what, d.Diagnosis.Code, d.Diagnosis.Message)
	}
	return fmt.Sprintf("%s is %s (%s).", d.Name(), d.State, what)
}

// envWords says which variables differ between two sets, never their values.
func envWords(before, after Env) string {
	var set, removed []string
	for _, key := range sortedKeys(after) {
		if value, there := before[key]; !there || value != after[key] {
			set = append(set, key)
		}
	}
	for _, key := range sortedKeys(before) {
		if _, there := after[key]; !there {
			removed = append(removed, key)
		}
	}
	var parts []string
	if len(set) > 0 {
		parts = append(parts, "set "+listWords(set))
	}
	if len(removed) > 0 {
		parts = append(parts, "removed "+listWords(removed))
	}
	return strings.Join(parts, " and ")
}

// mostWords is how many names a sentence has.
const mostWords = 8

func listWords(names []string) string {
	if more := len(names) - mostWords; more > 0 {
		names = append(slices.Clone(names[:mostWords]), fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
