package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) projectRoutes() []web.Route {
	mine := a.remembered(named("myProjects", route(http.MethodGet, "/projects/my", web.Private, web.Lenient, a.projects)))
	statuses := scoped(paas.ScopeRead, named("projectStatuses", route(http.MethodPost, "/projects/status", web.Private, web.Lenient, a.statuses)))
	mine.ProjectTokens, statuses.ProjectTokens = true, true
	return []web.Route{
		named("createProject", route(http.MethodPost, "/projects", web.Private, web.Lenient, a.createProject)),
		mine,
		route(http.MethodGet, "/projects", web.Admin, web.Lenient, a.allProjects),
		statuses,
		route(http.MethodGet, "/projects/:id", web.Owner, web.Lenient, a.project),
		named("updateProject", route(http.MethodPatch, "/projects/:id", web.Owner, web.Strict, a.updateProject)),
		named("deleteProject", route(http.MethodDelete, "/projects/:id", web.Owner, web.Lenient, a.deleteProject)),
		named("projectDeletion", route(http.MethodGet, "/projects/:id/deletion", web.Owner, web.Strict, a.projectDeletion)),
		route(http.MethodGet, "/projects/:id/statistics", web.Owner, web.Lenient, a.statistics),
	}
}

func (a *api) createProject(call *web.Call, in wire.NewProject) (reply[wire.Project], error) {
	project, err := a.platform.CreateProject(call.Request().Context(), call.Caller, in.Name)
	if err != nil {
		return reply[wire.Project]{}, err
	}
	return created(a.show(call, project, paas.ProjectState{Status: paas.StatusNew})), nil
}

func (a *api) projects(call *web.Call, _ nothing) (reply[[]wire.Project], error) {
	projects, err := a.platform.Projects(call.Request().Context(), call.Caller)
	if err != nil {
		return reply[[]wire.Project]{}, err
	}
	projects = slices.DeleteFunc(projects, func(p paas.Project) bool { return !mayName(call, p.ID) })
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
	shown := listed(projects, func(p paas.Project) wire.Project { return a.show(call, p, states[p.ID]) })
	return page(call, shown, noLimit, func(p wire.Project) string { return string(p.ID) })
}

func (a *api) project(call *web.Call, _ nothing) (reply[wire.Project], error) {
	return a.showNow(call.Request().Context(), call, call.Project)
}

// showNow shows a project with what it does at the moment.
func (a *api) showNow(ctx context.Context, to *web.Call, project paas.Project) (reply[wire.Project], error) {
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
	return a.showNow(call.Request().Context(), call, project)
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
		if !mayName(call, id) {
			id = "" // answers as one that is not there
		}
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

func (a *api) projectDeletion(call *web.Call, _ nothing) (reply[wire.Deletion], error) {
	deletion, err := a.platform.ProjectDeletion(call.Request().Context(), call.Caller, call.Project.ID)
	return ok(wire.DeletionOf(deletion)), err
}

// mayName tells whether the caller may ask after a project: a token for one project knows no other.
func mayName(call *web.Call, id paas.ProjectID) bool {
	return call.Token == nil || call.Token.Project == "" || call.Token.Project == id
}

// show is a project as one caller may see it.
func (a *api) show(to *web.Call, p paas.Project, state paas.ProjectState) wire.Project {
	return wire.Project{
		ID: p.ID, Name: p.Name, Owner: wire.Owner{ID: p.Owner, Username: p.OwnerName},
		Config: wire.Config{Env: visible(to, p, p.Env)}, Settings: wire.Settings{Branch: p.DeployBranch},
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
		GitURL: a.server.GitURL(p.ID), URL: a.platform.ProjectURL(p.ID),
		Status: state.Status, Deployment: showDeployment(state.Newest), Live: showDeployment(state.Live),
	}
}

// visible is a project's variables in clear for its owner; anyone else who may ask, and a token that
// may only read, sees the names.
func visible(to *web.Call, project paas.Project, env paas.Env) paas.Env {
	clear := to.Caller.ID == project.Owner && (to.Token == nil || to.Token.Scope.Allows(paas.ScopeDeploy))
	shown := make(paas.Env, len(env))
	for key, value := range env {
		if !clear {
			value = paas.Secret(value.String())
		}
		shown[key] = value
	}
	return shown
}
