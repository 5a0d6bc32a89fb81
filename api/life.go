package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// lifeRoutes are the rows of a running application's life.
func (a *api) lifeRoutes() []endpoint {
	return tagged("deployments",
		route(a.scale, operation{name: "scale", method: http.MethodPatch, path: "/projects/:id/scale", level: web.Owner, scope: paas.ScopeDeploy, query: []openapi.Parameter{waits()}, statuses: rolledOut(),
			summary: "Set how many containers of each named process run; the others stay as they are.", errors: starting()}),
		route(a.plan, operation{name: "plan", method: http.MethodGet, path: "/projects/:id/plan", level: web.Owner,
			summary: "Say what deploying the newest image now would do, step by step.", errors: fails(paas.ENeverBuilt)}),
		route(a.rollback, operation{name: "rollback", method: http.MethodPost, path: "/projects/:id/deployments/:n/rollback", level: web.Owner, scope: paas.ScopeDeploy, query: []openapi.Parameter{waits()}, statuses: rolledOut(),
			summary: "Make the image and the variables of an earlier deployment the running version again, as a new deployment.", errors: starting().and(fails(paas.EConflict, paas.ENotKept))}),
		route(a.cancel, operation{name: "cancel", method: http.MethodPost, path: "/projects/:id/deployments/:n/cancel", level: web.Owner, scope: paas.ScopeDeploy,
			summary: "End a deployment that is not live yet; what ran before goes on running.", errors: fails(paas.EConflict)}),
		route(a.metrics, operation{name: "metrics", method: http.MethodGet, path: "/projects/:id/metrics", level: web.Owner, query: []openapi.Parameter{
			words("range", "24h", "How far back, up to 7d; the further, the coarser. An hour unless said."),
		}, summary: "Read what a project used and did over time.", errors: nothingElse()}),
		raw[[]wire.Event](a.projectEvents, operation{name: "projectEvents", method: http.MethodGet, path: "/projects/:id/events", level: web.Owner, query: pages(defaultLimit, "4711"), events: eventTypes(),
			summary: "List what happened to a project, newest first or, as a stream of events, hear what happens to it; with a limit the stream begins with the newest, in their order.", errors: nothingElse()}),
		route(a.volumes, operation{name: "volumes", method: http.MethodGet, path: "/projects/:id/volumes", level: web.Owner,
			summary: "List a project's volumes.", errors: nothingElse()}),
		route(a.removeVolume, operation{name: "removeVolume", method: http.MethodDelete, path: "/projects/:id/volumes/:name", level: web.Owner,
			summary: "Delete a volume that no version uses, with everything in it.", errors: fails(paas.EConflict)}),
		route(a.cronRuns, operation{name: "cronRuns", method: http.MethodGet, path: "/projects/:id/cron", level: web.Owner, query: []openapi.Parameter{count("limit", maxLimit, defaultLimit, "How many items at the most.")},
			summary: "List when the lines of cron ran, newest first, and what became of it.", errors: nothingElse()}),
	)
}

func (a *api) scale(call *web.Call, in paas.Formation) (reply[wire.Scaled], error) {
	var project paas.Project
	made, err := rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (deployment *paas.Deployment, err error) {
		project, deployment, err = a.platform.Scale(ctx, call.Caller, call.Project.ID, in, queued)
		return deployment, err
	})
	if project.ID == "" && err == nil { // nobody waited
		if project, err = a.platform.Project(call.Request().Context(), call.Caller, call.Project.ID); err != nil {
			return reply[wire.Scaled]{}, err
		}
	}
	return reply[wire.Scaled]{made.status, wire.Answer[wire.Scaled]{Status: wire.OK, Content: wire.Scaled{Formation: shownFormation(project.Formation), Deployment: made.answer.Content}}}, err
}

// shownFormation is never null.
func shownFormation(f paas.Formation) paas.Formation {
	if f == nil {
		return paas.Formation{}
	}
	return f
}

func (a *api) plan(call *web.Call, _ nothing) (reply[[]wire.Operation], error) {
	operations, err := a.platform.Plan(call.Request().Context(), call.Caller, call.Project.ID)
	return ok(listed(operations, wire.OperationOf)), err
}

func (a *api) rollback(call *web.Call, _ nothing) (reply[*wire.Deployment], error) {
	target, err := a.numbered(call)
	if err != nil {
		return reply[*wire.Deployment]{}, err
	}
	return rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		deployment, err := a.platform.Rollback(ctx, call.Caller, call.Project.ID, target.Number, queued)
		return &deployment, err
	})
}

func (a *api) cancel(call *web.Call, _ nothing) (reply[wire.Deployment], error) {
	target, err := a.numbered(call)
	if err != nil {
		return reply[wire.Deployment]{}, err
	}
	deployment, err := a.platform.Cancel(call.Request().Context(), call.Caller, call.Project.ID, target.Number)
	return ok(wire.DeploymentOf(deployment)), err
}

func (a *api) metrics(call *web.Call, _ nothing) (reply[[]wire.Sample], error) {
	over, err := span(call.QueryParam("range"))
	if err != nil {
		return reply[[]wire.Sample]{}, err
	}
	samples, err := a.platform.Metrics(call.Request().Context(), call.Caller, call.Project.ID, over)
	return ok(listed(samples, wire.SampleOf)), err
}

// span reads a length of time, in days too.
func span(text string) (time.Duration, error) {
	if text == "" {
		return time.Hour, nil
	}
	if days, err := strconv.Atoi(strings.TrimSuffix(text, "d")); err == nil && strings.HasSuffix(text, "d") && days > 0 && days < 1000 {
		return time.Duration(days) * 24 * time.Hour, nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length <= 0 {
		return 0, paas.InvalidField("range", "range is a span of time up to 7d, like 1h, 24h or 7d.")
	}
	return length, nil
}

func (a *api) volumes(call *web.Call, _ nothing) (reply[[]wire.VolumeUse], error) {
	volumes, err := a.platform.Volumes(call.Request().Context(), call.Caller, call.Project.ID)
	return ok(listed(volumes, wire.VolumeOf)), err
}

func (a *api) removeVolume(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.RemoveVolume(call.Request().Context(), call.Caller, call.Project.ID, call.Param("name"))
}

func (a *api) cronRuns(call *web.Call, _ nothing) (reply[[]wire.CronRun], error) {
	limit, err := number(call, "limit", maxLimit)
	if err != nil {
		return reply[[]wire.CronRun]{}, err
	}
	if limit == 0 {
		limit = defaultLimit
	}
	runs, err := a.platform.CronRuns(call.Request().Context(), call.Caller, call.Project.ID, limit)
	return ok(listed(runs, wire.CronRunOf)), err
}
