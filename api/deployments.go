package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) deploymentRoutes() []web.Route {
	return []web.Route{
		scoped(paas.ScopeDeploy, named("deploy", route(http.MethodPatch, "/projects/:id/deploy", web.Owner, web.Lenient, a.deploy))),
		scoped(paas.ScopeDeploy, named("start", route(http.MethodPost, "/projects/:id/start", web.Owner, web.Lenient, a.start))),
		scoped(paas.ScopeDeploy, named("restart", route(http.MethodPost, "/projects/:id/restart", web.Owner, web.Lenient, a.restart))),
		scoped(paas.ScopeDeploy, named("stop", route(http.MethodPost, "/projects/:id/stop", web.Owner, web.Lenient, a.stop))),
		route(http.MethodGet, "/projects/:id/deployments", web.Owner, web.Strict, a.deployments),
		route(http.MethodGet, "/projects/:id/deployments/:n", web.Owner, web.Strict, a.deployment),
	}
}

// errQueued ends the watch over a deployment whose caller does not want to wait.
var errQueued = errors.New("queued, and nobody waits")

// rollOut does what makes a deployment and answers with it: when it is live or, with ?wait=false, as
// soon as it has its number. The deployment itself depends on neither.
func rollOut(call *web.Call, do func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error)) (reply[*wire.Deployment], error) {
	wait, err := flag(call, "wait", true)
	if err != nil {
		return reply[*wire.Deployment]{}, err
	}
	ctx, stop := call.Watching()
	defer stop(nil)
	var numbered *paas.Deployment
	deployment, err := do(ctx, func(d paas.Deployment) {
		if !wait {
			numbered = &d
			stop(errQueued)
		}
	})
	if numbered != nil {
		return accepted(showDeployment(numbered)), nil
	}
	return ok(showDeployment(deployment)), err
}

func (a *api) deploy(call *web.Call, in wire.Deploy) (reply[*wire.Deployment], error) {
	return rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		deployment, err := a.platform.Deploy(ctx, call.Caller, call.Project.ID, paas.DeployOptions{Env: in.EnvVars, Queued: queued})
		return &deployment, err
	})
}

func (a *api) start(call *web.Call, _ nothing) (reply[*wire.Deployment], error) {
	return rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		deployment, err := a.platform.Start(ctx, call.Caller, call.Project.ID, queued)
		return &deployment, err
	})
}

func (a *api) restart(call *web.Call, _ nothing) (reply[*wire.Deployment], error) {
	return rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		deployment, err := a.platform.Restart(ctx, call.Caller, call.Project.ID, queued)
		return &deployment, err
	})
}

// stop always waits: it makes no deployment, so there is no number to go by.
func (a *api) stop(call *web.Call, _ nothing) (reply[wire.Project], error) {
	ctx, end := call.Watching()
	defer end(nil)
	if err := a.platform.Stop(ctx, call.Caller, call.Project.ID); err != nil {
		return reply[wire.Project]{}, err
	}
	project, err := a.platform.Project(ctx, call.Caller, call.Project.ID)
	if err != nil {
		return reply[wire.Project]{}, err
	}
	return a.showNow(ctx, call, project)
}

func (a *api) deployments(call *web.Call, _ nothing) (reply[[]wire.Deployment], error) {
	all, err := a.platform.Deployments(call.Request().Context(), call.Caller, call.Project.ID, 0, 0)
	if err != nil {
		return reply[[]wire.Deployment]{}, err
	}
	return page(call, listed(all, wire.DeploymentOf), defaultLimit, func(d wire.Deployment) string { return strconv.Itoa(d.Number) })
}

func (a *api) deployment(call *web.Call, _ nothing) (reply[wire.Deployment], error) {
	deployment, err := a.numbered(call)
	return ok(wire.DeploymentOf(deployment)), err
}

// numbered is the deployment that :n names, as 3 or v3.
func (a *api) numbered(call *web.Call) (paas.Deployment, error) {
	text := call.Param("n")
	if len(text) > 1 && text[0] == 'v' {
		text = text[1:]
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return paas.Deployment{}, paas.Errorf(paas.NotFound, paas.ENotFound, "Deployments are named by their number, like 3 or v3.")
	}
	return a.platform.Deployment(call.Request().Context(), call.Caller, call.Project.ID, n)
}

func showDeployment(d *paas.Deployment) *wire.Deployment {
	if d == nil {
		return nil
	}
	shown := wire.DeploymentOf(*d)
	return &shown
}
