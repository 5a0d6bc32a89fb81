package ui

import (
	"net/http"

	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) newProjectRoutes() []web.Route {
	return []web.Route{
		get("/dashboard/new", web.Private, u.newProject),
		post("/dashboard/new", web.Private, u.createProject),
	}
}

func (u *ui) newProject(call *web.Call) error {
	return u.showNewProject(call, http.StatusOK, "", templates.Mistakes{})
}

func (u *ui) showNewProject(call *web.Call, status int, typed string, mistakes templates.Mistakes) error {
	page := templates.NewProject{Frame: frame(call, "New project"), Mistakes: mistakes, Typed: typed}
	page.Section = "projects"
	return u.show(call, status, page)
}

func (u *ui) createProject(call *web.Call) error {
	values, err := call.Form()
	if err != nil {
		return err
	}
	project, err := u.platform.CreateProject(call.Request().Context(), call.Caller, trimmed(values, "name"))
	if err == nil {
		call.Target = string(project.ID)
		return leave(call, projectPath(project.ID, ""), "created")
	}
	public, mistakes, ours := wrong(err)
	if !ours {
		return err
	}
	return u.showNewProject(call, call.Refused(public), values.Get("name"), mistakes)
}
