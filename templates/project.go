package templates

import (
	"github.com/paastech-cloud/paastech/paas"
)

// Dashboard is the list of a user's projects.
type Dashboard struct {
	Frame
	Server   string
	Search   string // text that the names shown contain
	All      int    // how many projects there are, shown or not
	Projects []ProjectRow
}

func (Dashboard) file() string { return "dashboard.html" }

// ProjectRow is one project in the list.
type ProjectRow struct {
	ID     paas.ProjectID
	Name   string
	Status paas.Status
	URL    string
	Newest *paas.Deployment
	Sparks []Sparkline // what it used of late; none when nothing was measured
}

// ProjectHead is what stands above every page of a project.
type ProjectHead struct {
	ID     paas.ProjectID
	Name   string
	Status paas.Status
	Why    string // it is crashing, in a sentence
	URL    string
	Owner  string // not empty when it is not the reader's own
	Tab    string // of the pages: overview, deployments, logs, metrics, env, domains or settings
}

// Path is the address of one of the project's pages.
func (h ProjectHead) Path(page string) string {
	if page == "" {
		return "/dashboard/" + string(h.ID)
	}
	return "/dashboard/" + string(h.ID) + "/" + page
}

// Tab is one of a project's pages.
type Tab struct {
	Name, Label, Path string
	Current           bool
}

// Tabs are the project's pages.
func (h ProjectHead) Tabs() []Tab {
	var tabs []Tab
	for _, tab := range []Tab{
		{Name: "overview", Label: "Overview"}, {Name: "deployments", Label: "Deployments"}, {Name: "logs", Label: "Logs"},
		{Name: "metrics", Label: "Metrics"}, {Name: "env", Label: "Variables"}, {Name: "domains", Label: "Domains"}, {Name: "settings", Label: "Settings"},
	} {
		tab.Path, tab.Current = h.Path(tab.Name), tab.Name == h.Tab
		if tab.Name == "overview" {
			tab.Path = h.Path("")
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

// Project is the overview of one project.
type Project struct {
	Frame
	ProjectHead
	GitURL      string
	Server      string
	Branch      string // whose pushes deploy; empty until the first
	Live        *paas.Deployment
	Newest      *paas.Deployment
	Processes   []ProcessRow
	Deployments []paas.Deployment // the newest few
	Events      []paas.Event      // the newest few
	Charts      []Chart           // of the last hour; none when nothing was measured
	Reception   paas.Reception
	NeedsKey    bool // nothing was pushed, and the reader has no SSH key to push with
}

func (Project) file() string { return "project.html" }

// Stopped tells whether the project can be started.
func (p Project) Stopped() bool {
	return p.Status == paas.StatusStopped || p.Status == paas.StatusStopping
}

// Maintained tells whether visitors see the page for maintenance.
func (p Project) Maintained() bool { return p.Reception.Admission == paas.AdmissionMaintenance }

// Paused tells whether requests wait.
func (p Project) Paused() bool { return p.Reception.Admission == paas.AdmissionPaused }

// Open tells whether requests come in.
func (p Project) Open() bool { return p.Reception.Admission == paas.AdmissionOpen }

// MaxNotice is how many characters a notice has at the most.
func (Project) MaxNotice() int { return paas.MaxNotice }

// Sleeps tells whether a request would wake it.
func (p Project) Sleeps() bool { return p.Status == paas.StatusSleeping }

// ProcessRow is one process of what is live.
type ProcessRow struct {
	Name    string
	Command string
	Running int
	Wanted  int
}
