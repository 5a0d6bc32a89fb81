package paas

import (
	"fmt"
	"slices"
)

// OperationKind says what an operation does.
type OperationKind string

// The kinds of operations, in the order in which a rollout does them.
const (
	OpRelease OperationKind = "release" // run the release command in the new image
	OpLaunch  OperationKind = "launch"  // make and start a container
	OpStart   OperationKind = "start"   // start a container that is there and should run
	OpAwait   OperationKind = "await"   // wait until a container is ready
	OpRoute   OperationKind = "route"   // lead the traffic to the containers of a deployment
	OpRetire  OperationKind = "retire"  // drain, SIGTERM, grace, SIGKILL, remove
	OpFreeze  OperationKind = "freeze"  // give it no processor any more
	OpThaw    OperationKind = "thaw"    // give it back
	OpStop    OperationKind = "stop"    // the same, but the container stays
	OpRemove  OperationKind = "remove"  // remove a container that nobody wants
	OpForget  OperationKind = "forget"  // remove all of a project that does not exist
)

// Operation is one step that brings what runs closer to what was decided.
type Operation struct {
	Kind       OperationKind `json:"kind"`
	Project    ProjectID     `json:"project"`
	Deployment int           `json:"deployment,omitempty"`
	Process    string        `json:"process,omitempty"`
	Index      int           `json:"index,omitempty"`
	Container  ContainerID   `json:"container,omitempty"`
}

// String is the operation in words.
func (o Operation) String() string {
	who := fmt.Sprintf("%s.%d of v%d", o.Process, o.Index, o.Deployment)
	switch o.Kind {
	case OpRelease:
		return fmt.Sprintf("run the release command of v%d", o.Deployment)
	case OpAwait:
		return "wait until " + who + " is ready"
	case OpRoute:
		return fmt.Sprintf("lead the traffic to v%d", o.Deployment)
	case OpForget:
		return "remove all of a project that does not exist"
	}
	return string(o.Kind) + " " + who
}

// wanted is what should run of a project.
type wanted struct {
	project    ProjectID
	deployment *Deployment // nil: nothing was ever live
	stopped    bool
	depth      Depth
	rollout    bool // the deployment is new: its release command runs, and its containers are waited for

	resting map[ContainerID]bool // they keep ending, and are not to be started yet
}

// plan turns what runs and what should run into the operations in between, in their order. It is
// pure: what is on its way out or belongs to a deployment that is being worked on is not among what
// it is shown.
func plan(seen []Container, want wanted) []Operation {
	if want.deployment == nil {
		return operations(OpRemove, seen)
	}
	d := *want.deployment
	var first, launches, waits, rest []Operation
	missing := d.formation().slots()
	for _, c := range seen {
		at := slices.Index(missing, slot{c.Process, c.Index})
		belongs := c.Deployment == d.Number && at >= 0 && !c.OneOff
		switch {
		case !belongs && (c.Running || c.Restarting) && !c.OneOff:
			rest = append(rest, operation(OpRetire, c))
		case !belongs:
			rest = append(rest, operation(OpRemove, c))
		default:
			missing = slices.Delete(missing, at, at+1)
			first = append(first, asDecided(c, want)...)
		}
	}
	if want.stopped || want.depth != Awake {
		return append(first, rest...)
	}
	if want.rollout && d.releaseCommand() {
		first = append(first, Operation{Kind: OpRelease, Project: want.project, Deployment: d.Number})
	}
	for _, s := range missing {
		o := Operation{Kind: OpLaunch, Project: want.project, Deployment: d.Number, Process: s.process, Index: s.index}
		launches = append(launches, o)
		if want.rollout {
			o.Kind = OpAwait
			waits = append(waits, o)
		}
	}
	if want.rollout || len(rest) > 0 {
		rest = append([]Operation{{Kind: OpRoute, Project: want.project, Deployment: d.Number}}, rest...)
	}
	return slices.Concat(first, launches, waits, rest)
}

// asDecided starts, stops, freezes or thaws a container of the deployment that should run.
func asDecided(c Container, want wanted) []Operation {
	up := c.Running || c.Restarting
	ends := want.stopped || want.depth == Asleep
	switch {
	case ends && up:
		return []Operation{operation(OpStop, c)}
	case ends:
	case want.depth == Frozen:
		if c.Running && !c.Paused {
			return []Operation{operation(OpFreeze, c)}
		}
	case c.Paused:
		return []Operation{operation(OpThaw, c)}
	case !up && !want.resting[c.ID]:
		return []Operation{operation(OpStart, c)}
	}
	return nil
}

func operation(kind OperationKind, c Container) Operation {
	return Operation{Kind: kind, Project: c.Project, Deployment: c.Deployment, Process: c.Process, Index: c.Index, Container: c.ID}
}

func operations(kind OperationKind, containers []Container) []Operation {
	var all []Operation
	for _, c := range containers {
		all = append(all, operation(kind, c))
	}
	return all
}

// slot is the place of one container in a formation.
type slot struct {
	process string
	index   int
}

func (s slot) String() string { return fmt.Sprintf("%s.%d", s.process, s.index) }

// slots are all places of a formation, web first.
func (f Formation) slots() []slot {
	var all []slot
	for _, process := range f.Types() {
		for n := range f[process] {
			all = append(all, slot{process, n + 1})
		}
	}
	return all
}

// releaseCommand tells whether the deployment runs one.
func (d Deployment) releaseCommand() bool {
	return d.App.Release != "" || slices.ContainsFunc(d.Image.Processes, func(p Process) bool { return p.Type == ReleaseProcess })
}
