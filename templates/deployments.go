package templates

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Deployments is the history of a project, a page of it.
type Deployments struct {
	Frame
	ProjectHead
	Rows   []DeploymentRow
	Newest string // the address of the first page; empty on it
	Older  string // of the next one; empty on the last
}

func (Deployments) file() string { return "deployments.html" }

// DeploymentRow is one deployment in the history.
type DeploymentRow struct {
	paas.Deployment
	By  string
	Bar Bar
}

// Deployment is one deployment's page.
type Deployment struct {
	Frame
	ProjectHead
	DeploymentRow
	Changes     *Changes // against the version before; nil when there was none, and while they are not known
	CanRollBack bool
	Stopped     bool // the project is
	Log         Lines
}

func (Deployment) file() string { return "deployment.html" }

// GoneImage tells whether it was live once, and can not be again.
func (d Deployment) GoneImage() bool {
	return d.LiveAt != nil && d.State != paas.Live && !d.CanRollBack
}

// Changes are what is different about a deployment since the version before.
type Changes struct {
	paas.Changes
	Since  int // the number of that
	Before paas.Formation
	After  paas.Formation
}

// Bar is how long each phase of a deployment took until it was live, drawn to scale.
type Bar struct {
	Parts []Part
	Took  string // all together
	Live  string // how long it has been live; empty when it never was
}

// Part is one phase.
type Part struct {
	State    paas.State
	X, Width string // on the bar
	Took     string
	Goes     bool // it goes on
}

const (
	leastPart = 0.012                  // of the bar: a part can be seen
	noWait    = 100 * time.Millisecond // less than that in the queue is not worth a word
)

// NewBar draws a deployment's phases. The whole bar is as long as whole; what lasted longer is cut.
func NewBar(phases []paas.Phase, whole time.Duration, now time.Time) Bar {
	var bar Bar
	at := 0.0
	for _, phase := range phases {
		lasted := phase.Lasted(now)
		switch {
		case phase.State == paas.Live:
			bar.Live = took(lasted)
			continue
		case phase.State == paas.Queued && phase.To != nil && lasted < noWait:
			continue
		}
		share := max(leastPart, lasted.Seconds()/max(whole, noWait).Seconds())
		share = min(share, 1-at)
		bar.Parts = append(bar.Parts, Part{phase.State, percent(at), percent(share), took(lasted), phase.To == nil})
		at += share
	}
	bar.Took = took(Lasted(phases, now))
	return bar
}

// Lasted is how long all phases took until the deployment was live, or has ended.
func Lasted(phases []paas.Phase, now time.Time) time.Duration {
	var all time.Duration
	for _, phase := range phases {
		if phase.State != paas.Live {
			all += phase.Lasted(now)
		}
	}
	return all
}
