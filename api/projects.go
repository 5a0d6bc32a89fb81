package api

import (
	"context"
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) projectRoutes() []web.Route {
	return []web.Route{
		route(http.MethodPost, "/projects", web.Private, web.Lenient, a.createProject),
		route(http.MethodGet, "/projects/my", web.Private, web.Lenient, a.projects),
		route(http.MethodGet, "/projects", web.Admin, web.Lenient, a.allProjects),
		route(http.MethodPost, "/projects/status", web.Private, web.Lenient, a.statuses),
		route(http.MethodGet, "/projects/:id", web.Owner, web.Lenient, a.project),
		route(http.MethodPatch, "/projects/:id", web.Owner, web.Strict, a.updateProject),
		route(http.MethodDelete, "/projects/:id", web.Owner, web.Lenient, a.deleteProject),
		route(http.MethodGet, "/projects/:id/statistics", web.Owner, web.Lenient, a.statistics),
	}
}

func (a *api) createProject(call *web.Call, in wire.NewProject) (reply[wire.Project], error) {
	project, err := a.platform.CreateProject(call.Request().Context(), call.Caller, in.Name)
	if err != nil {
		return reply[wire.Project]{}, err
	}
	return created(a.show(call.Caller, project, paas.ProjectState{Status: paas.StatusNew})), nil
}

func (a *api) projects(call *web.Call, _ nothing) (reply[[]wire.Project], error) {
	projects, err := a.platform.Projects(call.Request().Context(), call.Caller)
	if err != nil {
		return reply[[]wire.Project]{}, err
	}
	return a.list(call, projects)
}

func (a *api) allProjects(call *web.Call, _ nothing) (reply[[]wire.Project], error) {
	projects, err := a.platform.AllProjects(call.Request().Context())
	if err != nil {
		return reply[[]wire.Project]{}, err
	}
	return a.list(call, projects)
}

func (a *api) list(call *web.Call, projects []paas.Project) (reply[[]wire.Project], error) {
	states, err := a.platform.States(call.Request().Context(), projects)
	if err != nil {
		return reply[[]wire.Project]{}, err
	}
	shown := listed(projects, func(p paas.Project) wire.Project { return a.show(call.Caller, p, states[p.ID]) })
	return page(call, shown, noLimit, func(p wire.Project) string { return string(p.ID) })
}

func (a *api) project(call *web.Call, _ nothing) (reply[wire.Project], error) {
	return a.showNow(call.Request().Context(), call.Caller, call.Project)
}

// showNow shows a project with what it does at the moment.
func (a *api) showNow(ctx context.Context, to paas.User, project paas.Project) (reply[wire.Project], error) {
	states, err := a.platform.States(ctx, []paas.Project{project})
	if err != nil {
		return reply[wire.Project]{}, err
	}
	return ok(a.show(to, project, states[project.ID])), nil
}

func (a *api) updateProject(call *web.Call, in wire.ProjectChange) (reply[wire.Project], error) {
	change := paas.ProjectChange{Name: in.Name}
	if in.Settings != nil {
		change.DeployBranch = in.Settings.Branch
	}
	project, err := a.platform.UpdateProject(call.Request().Context(), call.Caller, call.Project.ID, change)
	if err != nil {
		return reply[wire.Project]{}, err
	}
	return a.showNow(call.Request().Context(), call.Caller, project)
}

func (a *api) deleteProject(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.DeleteProject(call.Request().Context(), call.Caller, call.Project.ID)
}

func (a *api) statistics(call *web.Call, _ nothing) (reply[paas.Statistics], error) {
	statistics, err := a.platform.Statistics(call.Request().Context(), call.Caller, call.Project.ID)
	return ok(statistics), err
}

// maxStatuses bounds how many projects one call may ask after.
const maxStatuses = 1000

func (a *api) statuses(call *web.Call, in wire.StatusQuery) (reply[wire.Statuses], error) {
	if len(in.ContainerNames) > maxStatuses {
		return reply[wire.Statuses]{}, paas.InvalidField("container_names", "At most %d projects can be asked after at once.", maxStatuses)
	}
	ctx := call.Request().Context()
	projects := make([]paas.Project, len(in.ContainerNames))
	for i, id := range in.ContainerNames {
		var err error
		if projects[i], err = a.platform.Project(ctx, call.Caller, id); err != nil {
			return reply[wire.Statuses]{}, err
		}
	}
	states, err := a.platform.States(ctx, projects)
	if err != nil {
		return reply[wire.Statuses]{}, err
	}
	return ok(wire.Statuses{ContainerStatuses: listed(projects, func(p paas.Project) wire.ContainerStatus {
		return wire.ContainerStatus{ContainerName: p.ID, ContainerStatus: states[p.ID].Status.Legacy()}
	})}), nil
}

// show is a project as one user may see it.
func (a *api) show(to paas.User, p paas.Project, state paas.ProjectState) wire.Project {
	return wire.Project{
		ID: p.ID, Name: p.Name, Owner: wire.Owner{ID: p.Owner, Username: p.OwnerName},
		Config: wire.Config{Env: visible(to, p, p.Env)}, Settings: wire.Settings{Branch: p.DeployBranch},
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
		GitURL: a.server.GitURL(p.ID), URL: a.platform.ProjectURL(p.ID),
		Status: state.Status, Deployment: showDeployment(state.Newest), Live: showDeployment(state.Live),
	}
}

// visible is a project's variables in clear for its owner; anyone else who may ask sees the names.
func visible(to paas.User, project paas.Project, env paas.Env) paas.Env {
	shown := make(paas.Env, len(env))
	for key, value := range env {
		if to.ID != project.Owner {
			value = paas.Secret(value.String())
		}
		shown[key] = value
	}
	return shown
}
