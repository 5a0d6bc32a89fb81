package api

import (
	"context"
	"net/http"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) envRoutes() []endpoint {
	return tagged("variables",
		route(a.env, operation{name: "env", method: http.MethodGet, path: "/projects/:id/env", level: web.Owner, query: []openapi.Parameter{ofBuilds()},
			summary: "Show a project's variables; values are in clear for the owner alone.", errors: nothingElse()}),
		route(a.replaceEnv, operation{name: "replaceEnv", method: http.MethodPut, path: "/projects/:id/env", level: web.Owner, scope: paas.ScopeDeploy, query: rollOutQuery(), statuses: rolledOut(),
			summary: "Replace all variables.", errors: starting().and(fails(paas.EConflict))}),
		route(a.setEnv, operation{name: "setEnv", method: http.MethodPatch, path: "/projects/:id/env", level: web.Owner, scope: paas.ScopeDeploy, query: rollOutQuery(), statuses: rolledOut(),
			summary: "Set variables; null removes one.", errors: starting().and(fails(paas.EConflict))}),
	)
}

func ofBuilds() openapi.Parameter {
	return toggle("build", false, "The variables of builds, not of the application.")
}

func rollOutQuery() []openapi.Parameter {
	return []openapi.Parameter{ofBuilds(), toggle("deploy", nil, "Roll the change out; unless said, it is when the project is live."), onlyRevision(), waits()}
}

// onlyRevision is the parameter of what is changed only while it is as the caller has seen it.
func onlyRevision() openapi.Parameter {
	return words("revision", exampleRevision, "Change only what still has this revision, as it was answered with; 409 otherwise.")
}

func (a *api) env(call *web.Call, _ nothing) (reply[wire.Env], error) {
	build, err := flag(call, "build", false)
	return ok(a.showEnv(call, call.Project, build)), err
}

func (a *api) showEnv(to *web.Call, project paas.Project, build bool) wire.Env {
	set := envOf(project, build)
	return wire.Env{Env: visible(to, project, set), Revision: a.platform.EnvRevision(set)}
}

func envOf(project paas.Project, build bool) paas.Env {
	if build {
		return project.BuildEnv
	}
	return project.Env
}

func (a *api) replaceEnv(call *web.Call, in wire.NewEnv) (reply[wire.Env], error) {
	if in.Env == nil {
		return reply[wire.Env]{}, paas.InvalidField("env", "Give the variables as the object env; {} removes all.")
	}
	return a.changeEnv(call, paas.EnvChange{Replace: in.Env})
}

func (a *api) setEnv(call *web.Call, in wire.EnvChange) (reply[wire.Env], error) {
	return a.changeEnv(call, paas.EnvChange{Set: in.Env})
}

func (a *api) changeEnv(call *web.Call, change paas.EnvChange) (reply[wire.Env], error) {
	var err error
	if change.Build, err = flag(call, "build", false); err != nil {
		return reply[wire.Env]{}, err
	}
	if change.Deploy, err = choice(call, "deploy"); err != nil {
		return reply[wire.Env]{}, err
	}
	change.Revision = call.QueryParam("revision")
	project := call.Project
	rolled, err := rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		change.Queued = queued
		changed, deployment, err := a.platform.ChangeEnv(ctx, call.Caller, call.Project.ID, change)
		if changed.ID != "" {
			project = changed
		}
		return deployment, err
	})
	if err != nil {
		return reply[wire.Env]{}, err
	}
	shown := a.showEnv(call, project, change.Build)
	shown.Deployment = rolled.answer.Content
	return reply[wire.Env]{rolled.status, wire.Answer[wire.Env]{Status: wire.OK, Content: shown}}, nil
}

// choice reads a flag of the query that may be left to the platform.
func choice(call *web.Call, name string) (*bool, error) {
	if call.QueryParam(name) == "" {
		return nil, nil
	}
	value, err := flag(call, name, false)
	return &value, err
}
