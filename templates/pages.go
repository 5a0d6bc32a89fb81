package templates

import (
	"github.com/paastech-cloud/paastech/paas"
)

// Frame is what stands around every page.
type Frame struct {
	Title    string
	Username string // empty when nobody is logged in
}

// Home is what a visitor sees first.
type Home struct {
	Frame
	Server string // the platform's own address
}

func (Home) file() string { return "home.html" }

// Login is the log-in form, with what was typed and what was wrong with it.
type Login struct {
	Frame
	Email string
	Next  string // where to go afterwards
	Error string
}

func (Login) file() string { return "login.html" }

// Dashboard is the list of a user's projects.
type Dashboard struct {
	Frame
	Server   string
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
}

// Project is one project's page.
type Project struct {
	Frame
	ProjectRow
	GitURL      string
	Branch      string // whose pushes deploy; empty until the first
	Owner       string // not empty when it is not the reader's own
	Deployments []paas.Deployment
}

func (Project) file() string { return "project.html" }

// Failure is the page of a request that failed.
type Failure struct {
	Frame
	Status  int
	Code    paas.Code
	Message string
}

func (Failure) file() string { return "failure.html" }
