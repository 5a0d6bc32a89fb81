package paas

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// ImageRef names an image as the engine pulls it, with its digest.
type ImageRef string

// State is where a deployment stands.
type State string

// The states of a deployment: queued -> building -> starting -> live -> superseded, and from the
// first three -> failed or -> canceled.
const (
	Queued     State = "queued"
	Building   State = "building"
	Starting   State = "starting"
	Live       State = "live"
	Superseded State = "superseded"
	Failed     State = "failed"
	Aborted    State = "canceled"
)

// Active tells whether the deployment is still on its way.
func (s State) Active() bool { return s == Queued || s == Building || s == Starting }

// nextStates is the whole state machine.
var nextStates = map[State][]State{
	Queued:   {Building, Starting, Failed, Aborted},
	Building: {Starting, Failed, Aborted},
	Starting: {Live, Failed, Aborted},
	Live:     {Superseded},
}

// Reason says why a deployment was made.
type Reason string

// The reasons of deployments.
const (
	ReasonPush    Reason = "push"
	ReasonDeploy  Reason = "deploy"
	ReasonEnv     Reason = "env"
	ReasonStart   Reason = "start"
	ReasonRestart Reason = "restart"

	ReasonScale    Reason = "scale"
	ReasonSettings Reason = "settings"
	ReasonRollback Reason = "rollback"
)

// Process is one line of an image's process table.
type Process struct {
	Type    string `json:"type"`    // web, worker, …
	Command string `json:"command"` // as a person reads it
	Default bool   `json:"default"`
}

// Image is the outcome of a build.
type Image struct {
	Ref       ImageRef  `json:"ref"`
	Processes []Process `json:"processes"`
	App       App       `json:"app,omitzero"` // what its source declares
}

// WebProcess is the type of the process that takes traffic.
const WebProcess = "web"

// Entry is the process that takes traffic: web, else the default one, else the only one.
func (i Image) Entry() string {
	for _, p := range i.Processes {
		if p.Type == WebProcess {
			return p.Type
		}
	}
	for _, p := range i.Processes {
		if p.Default {
			return p.Type
		}
	}
	if len(i.Processes) > 0 {
		return i.Processes[0].Type
	}
	return WebProcess
}

// Deployment is one attempt to make one image and one snapshot of the configuration the running version.
type Deployment struct {
	Project   ProjectID
	Number    int // v1, v2, … in its project
	State     State
	Reason    Reason
	By        UserID
	Branch    string
	Commit    CommitID
	Note      CommitNote
	Image     Image
	Env       Env       // snapshot, without PORT unless it is set
	App       App       // snapshot of what the source declares and the owner set
	Formation Formation // snapshot of what runs
	Port      int       // where its containers answer; 0 until known
	Diagnosis *Diagnosis
	Restores  int // the deployment that this one rolls back to
	CreatedAt time.Time
	BegunAt   *time.Time // its build left the queue; nil when there was none to do
	BuiltAt   *time.Time
	EndedAt   *time.Time // failed, canceled or superseded
	LiveAt    *time.Time
}

// Diagnosis says why a deployment failed, with a stable code and what to do.
type Diagnosis struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error makes a diagnosis the error of the call that asked for the deployment.
func (d Diagnosis) Error() *Error { return &Error{Kind: Rejected, Code: d.Code, Message: d.Message} }

// Name is how people call a deployment: v3.
func (d Deployment) Name() string { return fmt.Sprintf("v%d", d.Number) }

// configure takes the snapshot of what the project's owner has set.
func (d *Deployment) configure(project Project) {
	d.Env = maps.Clone(project.Env)
	d.App = d.Image.App.With(project.App)
	d.Formation = formation(d.Image, d.App, project.Formation)
}

// runsSettings tells whether a deployment runs as its source and what its owner set by now want it.
func (d Deployment) runsSettings(project Project) bool {
	return reflect.DeepEqual(d.App, d.Image.App.With(project.App))
}

// Advance moves the deployment to its next state; it is the only place that does.
func (d *Deployment) Advance(to State, at time.Time) error {
	if !slices.Contains(nextStates[d.State], to) {
		return Errorf(Internal, EInternal, "deployment %s of %s cannot go from %s to %s", d.Name(), d.Project, d.State, to)
	}
	d.State = to
	switch to {
	case Building:
		d.BegunAt = &at
	case Starting:
		if d.BuiltAt == nil {
			d.BuiltAt = &at
		}
	case Live:
		d.LiveAt = &at
	case Failed, Aborted, Superseded:
		d.EndedAt = &at
	}
	return nil
}
