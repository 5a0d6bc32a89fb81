package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) projectRoutes() []endpoint {
	return tagged("projects",
		route(a.createProject, operation{name: "createProject", method: http.MethodPost, path: "/projects", level: web.Private, how: web.Lenient, statuses: []int{http.StatusCreated},
			summary: "Make a project and its empty repository.", errors: fails(paas.ETaken, paas.EQuotaProjects)}),
		a.remembered(route(a.projects, operation{name: "myProjects", method: http.MethodGet, path: "/projects/my", level: web.Private, how: web.Lenient, query: pages(noLimit, exampleID), projectTokens: true,
			summary: "List one's own projects, by name.", errors: nothingElse()})),
		route(a.allProjects, operation{name: "allProjects", method: http.MethodGet, path: "/projects", level: web.Admin, how: web.Lenient, query: pages(noLimit, exampleID),
			summary: "List everyone's projects.", errors: nothingElse()}),
		route(a.statuses, operation{name: "projectStatuses", method: http.MethodPost, path: "/projects/status", level: web.Private, how: web.Lenient, scope: paas.ScopeRead, projectTokens: true,
			summary: "Ask for the statuses of projects, by the first PaaSTech's names.", errors: fails(paas.ENotFound)}),
		route(a.project, operation{name: "project", method: http.MethodGet, path: "/projects/:id", level: web.Owner, how: web.Lenient,
			summary: "Show a project.", errors: nothingElse()}),
		route(a.updateProject, operation{name: "updateProject", method: http.MethodPatch, path: "/projects/:id", level: web.Owner, query: []openapi.Parameter{
			toggle("deploy", true, "Roll settings that change what runs out; false leaves them to the next deployment."), onlyRevision(),
		}, summary: "Change a project's name, deploy branch or settings; settings that change what runs are rolled out.", errors: starting().and(fails(paas.ETaken, paas.EConflict))}),
		route(a.deleteProject, operation{name: "deleteProject", method: http.MethodDelete, path: "/projects/:id", level: web.Owner, how: web.Lenient,
			summary: "Delete a project with its containers, images, logs and repository.", errors: nothingElse()}),
		route(a.projectDeletion, operation{name: "projectDeletion", method: http.MethodGet, path: "/projects/:id/deletion", level: web.Owner,
			summary: "Say what deleting a project would take along.", errors: nothingElse()}),
		route(a.statistics, operation{name: "statistics", method: http.MethodGet, path: "/projects/:id/statistics", level: web.Owner, how: web.Lenient,
			summary: "Measure what a project uses now; zeros when it does not run.", errors: nothingElse()}),
	)
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
	deploy, err := flag(call, "deploy", true)
	if err != nil {
		return reply[wire.Project]{}, err
	}
	change := paas.ProjectChange{Name: in.Name, Revision: call.QueryParam("revision"), Later: !deploy}
	if in.Settings != nil {
		change.DeployBranch, change.App = in.Settings.Branch, in.Settings.App
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
	shown := wire.Project{
		ID: p.ID, Name: p.Name, Owner: wire.Owner{ID: p.Owner, Username: p.OwnerName},
		Config: wire.Config{Env: visible(to, p, p.Env)}, Settings: wire.Settings{Branch: p.DeployBranch, App: p.App, Formation: shownFormation(p.Formation), Revision: a.platform.SettingsRevision(p)},
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
		GitURL: a.server.GitURL(p.ID), URL: a.platform.ProjectURL(p.ID),
		Status: state.Status, Deployment: showDeployment(state.Newest), Live: showDeployment(state.Live),
		Running: shownFormation(state.Running), Ending: shownFormation(state.Ending),
		Admission: cmp.Or(string(p.Reception.Admission), wire.AdmissionOpen), Notice: p.Reception.Notice,
	}
	if !state.NextStart.IsZero() {
		shown.Crash = &wire.Crash{Message: state.Why, NextStart: state.NextStart.UTC()}
	}
	return shown
}

// visible is a project's variables in clear for its owner; anyone else who may ask, and a token that
// may only read, sees the names.
func visible(to *web.Call, project paas.Project, env paas.Env) paas.Env {
	clear := to.ShowsEnvOf(project)
	shown := make(paas.Env, len(env))
	for key, value := range env {
		if !clear {
			value = paas.Secret(value.String())
		}
		shown[key] = value
	}
	return shown
}
