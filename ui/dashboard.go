package ui

import (
	"net/http"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// maxSearch is how many characters of what is searched for count: no name is longer.
const maxSearch = paas.MaxProjectName

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
	trends, err := u.platform.Trends(ctx, projects)
	if err != nil {
		return err
	}
	page := templates.Dashboard{Frame: frame(call, "Projects"), Server: u.server.PublicURL(), All: len(projects)}
	page.Section, page.Watch, page.Every = "projects", "projects", trendEvery
	if page.Search = strings.TrimSpace(call.QueryParam("search")); len(page.Search) > maxSearch {
		page.Search = page.Search[:maxSearch]
	}
	for _, project := range projects {
		if strings.Contains(project.Name, strings.ToLower(page.Search)) {
			page.Projects = append(page.Projects, u.row(project, states[project.ID], trends[project.ID]))
		}
	}
	return u.show(call, http.StatusOK, page)
}

func (u *ui) row(project paas.Project, state paas.ProjectState, trend paas.Trend) templates.ProjectRow {
	return templates.ProjectRow{
		ID: project.ID, Name: project.Name, Status: state.Status, URL: u.platform.ProjectURL(project.ID), Newest: state.Newest,
		Sparks: sparks(trend),
	}
}
