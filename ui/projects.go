package ui

import (
	"net/http"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) dashboard(call *web.Call) error {
	ctx := call.Request().Context()
	projects, err := u.platform.Projects(ctx, call.Caller)
	if err != nil {
		return err
	}
	states, err := u.platform.States(ctx, projects)
	if err != nil {
		return err
	}
	page := templates.Dashboard{Frame: frame(call, "Projects"), Server: u.server.PublicURL()}
	for _, project := range projects {
		page.Projects = append(page.Projects, u.row(project, states[project.ID]))
	}
	return u.show(call, http.StatusOK, page)
}

func (u *ui) row(project paas.Project, state paas.ProjectState) templates.ProjectRow {
	return templates.ProjectRow{
		ID: project.ID, Name: project.Name, Status: state.Status, URL: u.platform.ProjectURL(project.ID), Newest: state.Newest,
	}
}

// newest is how many deployments a project's page shows.
const newest = 20

func (u *ui) project(call *web.Call) error {
	ctx := call.Request().Context()
	states, err := u.platform.States(ctx, []paas.Project{call.Project})
	if err != nil {
		return err
	}
	deployments, err := u.platform.Deployments(ctx, call.Caller, call.Project.ID, 0, newest)
	if err != nil {
		return err
	}
	page := templates.Project{
		Frame: frame(call, call.Project.Name), ProjectRow: u.row(call.Project, states[call.Project.ID]),
		GitURL: u.server.GitURL(call.Project.ID), Branch: call.Project.DeployBranch, Deployments: deployments,
	}
	if call.Project.Owner != call.Caller.ID {
		page.Owner = call.Project.OwnerName
	}
	return u.show(call, http.StatusOK, page)
}
