package api

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) deploymentRoutes() []endpoint {
	return tagged("deployments",
		route(a.deploy, operation{name: "deploy", method: http.MethodPatch, path: "/projects/:id/deploy", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy, query: []openapi.Parameter{waits()}, statuses: rolledOut(),
			summary: "Deploy the newest image; a set of variables that is not empty replaces the stored one first.", errors: starting()}),
		route(a.start, operation{name: "start", method: http.MethodPost, path: "/projects/:id/start", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy, query: []openapi.Parameter{waits()}, statuses: rolledOut(),
			summary: "Start a stopped project.", errors: starting()}),
		route(a.restart, operation{name: "restart", method: http.MethodPost, path: "/projects/:id/restart", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy, query: []openapi.Parameter{waits()}, statuses: rolledOut(),
			summary: "Replace what runs by a fresh start of the same image.", errors: starting()}),
		route(a.stop, operation{name: "stop", method: http.MethodPost, path: "/projects/:id/stop", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy,
			summary: "Stop a project's containers, until it is started again.", errors: fails(paas.ECanceled)}),
		route(a.sleep, operation{name: "sleep", method: http.MethodPost, path: "/projects/:id/sleep", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy, query: []openapi.Parameter{freezes()},
			summary: "Stop a project's containers, until the next request comes for it.", errors: fails(paas.EConflict, paas.ECanceled)}),
		route(a.wake, operation{name: "wake", method: http.MethodPost, path: "/projects/:id/wake", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy,
			summary: "Wake a project that sleeps, as a request would.", errors: fails(paas.EUnavailable, paas.ECanceled)}),
		route(a.maintain, operation{name: "maintain", method: http.MethodPost, path: "/projects/:id/maintenance", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy,
			summary: "Answer a project's requests with a page for maintenance; what runs goes on.", errors: nothingElse()}),
		route(a.pause, operation{name: "pause", method: http.MethodPost, path: "/projects/:id/pause", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy,
			summary: "Let a project's requests wait until it is resumed, up to 1000 of them and for two minutes each.", errors: nothingElse()}),
		route(a.resume, operation{name: "resume", method: http.MethodPost, path: "/projects/:id/resume", level: web.Owner, how: web.Lenient, scope: paas.ScopeDeploy,
			summary: "Let a project's requests in again, those that wait first.", errors: nothingElse()}),
		route(a.deployments, operation{name: "deployments", method: http.MethodGet, path: "/projects/:id/deployments", level: web.Owner, query: pages(defaultLimit, "3"),
			summary: "List a project's deployments, newest first.", errors: nothingElse()}),
		route(a.deployment, operation{name: "deployment", method: http.MethodGet, path: "/projects/:id/deployments/:n", level: web.Owner,
			summary: "Show a deployment.", errors: nothingElse()}),
	)
}

// freezes is the parameter of what can be done without the containers' end.
func freezes() openapi.Parameter {
	return toggle("freeze", false, "Keep the containers in memory, without the processor: they wake up in a moment.")
}

// rolledOut are the statuses of what makes a deployment: it is live, or has its number.
func rolledOut() []int { return []int{http.StatusOK, http.StatusAccepted} }

// rollOut does what makes a deployment and answers with it: when it is live or, with ?wait=false, as
// soon as it has its number. The deployment itself depends on neither.
func rollOut(call *web.Call, do func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error)) (reply[*wire.Deployment], error) {
	wait, err := flag(call, "wait", true)
	if err != nil {
		return reply[*wire.Deployment]{}, err
	}
	if !wait {
		deployment, queued, err := call.Queued(do)
		if queued {
			return accepted(showDeployment(deployment)), nil
		}
		return ok(showDeployment(deployment)), err
	}
	ctx, stop := call.Watching()
	defer stop(nil)
	deployment, err := do(ctx, func(paas.Deployment) {})
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

// stop, sleep and wake always wait: they make no deployment, so there is no number to go by.
func (a *api) stop(call *web.Call, _ nothing) (reply[wire.Project], error) {
	return a.then(call, a.platform.Stop)
}

func (a *api) sleep(call *web.Call, _ nothing) (reply[wire.Project], error) {
	freeze, err := flag(call, "freeze", false)
	if err != nil {
		return reply[wire.Project]{}, err
	}
	depth := paas.Asleep
	if freeze {
		depth = paas.Frozen
	}
	return a.then(call, func(ctx context.Context, caller paas.User, id paas.ProjectID) error {
		return a.platform.Sleep(ctx, caller, id, depth)
	})
}

func (a *api) wake(call *web.Call, _ nothing) (reply[wire.Project], error) {
	return a.then(call, a.platform.Wake)
}

func (a *api) maintain(call *web.Call, in wire.Maintenance) (reply[wire.Project], error) {
	return a.receive(call, paas.Reception{Admission: paas.AdmissionMaintenance, Notice: in.Notice})
}

func (a *api) pause(call *web.Call, _ nothing) (reply[wire.Project], error) {
	return a.receive(call, paas.Reception{Admission: paas.AdmissionPaused})
}

func (a *api) resume(call *web.Call, _ nothing) (reply[wire.Project], error) {
	return a.receive(call, paas.Reception{})
}

func (a *api) receive(call *web.Call, reception paas.Reception) (reply[wire.Project], error) {
	return a.then(call, func(ctx context.Context, caller paas.User, id paas.ProjectID) error {
		return a.platform.Receive(ctx, caller, id, reception)
	})
}

// then does something with the call's project and shows what it is like now.
func (a *api) then(call *web.Call, do func(context.Context, paas.User, paas.ProjectID) error) (reply[wire.Project], error) {
	ctx, end := call.Watching()
	defer end(nil)
	if err := do(ctx, call.Caller, call.Project.ID); err != nil {
		return reply[wire.Project]{}, err
	}
	project, err := a.platform.Project(ctx, call.Caller, call.Project.ID)
	if err != nil {
		return reply[wire.Project]{}, err
	}
	return a.showNow(ctx, call, project)
}

// deployments pages in the store: a project can have thousands. The cursor is a deployment's number.
func (a *api) deployments(call *web.Call, _ nothing) (reply[[]wire.Deployment], error) {
	limit, err := number(call, "limit", maxLimit)
	if err != nil {
		return reply[[]wire.Deployment]{}, err
	}
	limit = cmp.Or(limit, defaultLimit)
	before, err := number(call, "cursor", math.MaxInt32)
	if err != nil {
		return reply[[]wire.Deployment]{}, paas.InvalidField("cursor", "This cursor is none of this list: begin anew.")
	}
	found, err := a.platform.Deployments(call.Request().Context(), call.Caller, call.Project.ID, before, limit+1)
	if err != nil {
		return reply[[]wire.Deployment]{}, err
	}
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = strconv.Itoa(found[limit-1].Number)
	}
	list := ok(listed(found, wire.DeploymentOf))
	list.answer.NextCursor = next
	return list, nil
}

func (a *api) deployment(call *web.Call, _ nothing) (reply[wire.Deployment], error) {
	deployment, err := a.numbered(call)
	return ok(wire.DeploymentOf(deployment)), err
}

// deploymentPattern is how a deployment is named in a path.
const deploymentPattern = `^v?[0-9]{1,9}$`

var deploymentName = regexp.MustCompile(deploymentPattern)

// numbered is the deployment that :n names, as 3 or v3.
func (a *api) numbered(call *web.Call) (paas.Deployment, error) {
	if !deploymentName.MatchString(call.Param("n")) {
		return paas.Deployment{}, paas.Errorf(paas.NotFound, paas.ENotFound, "Deployments are named by their number, like 3 or v3.")
	}
	n, err := strconv.Atoi(strings.TrimPrefix(call.Param("n"), "v"))
	if err != nil {
		return paas.Deployment{}, fmt.Errorf("read the number of a deployment: %w", err)
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
