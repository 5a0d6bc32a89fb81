package ui

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

const (
	historyPage   = 30 // deployments on a page of the history
	watchProgress = 5  // seconds after which the page of one that is on its way looks at the clock again
)

// deployments is a page of a project's history: the newest, or those before one.
func (u *ui) deployments(call *web.Call) error {
	state, err := u.state(call)
	if err != nil {
		return err
	}
	before, err := strconv.Atoi(call.QueryParam("before"))
	if err != nil || before < 1 {
		before = 0
	}
	all, err := u.platform.Deployments(call.Request().Context(), call.Caller, call.Project.ID, before, historyPage+1)
	if err != nil {
		return err
	}
	path := projectPath(call.Project.ID, "deployments")
	var page templates.Deployments
	if len(all) > historyPage {
		all = all[:historyPage]
		page.Older = fmt.Sprintf("%s?before=%d", path, all[historyPage-1].Number)
	}
	if before > 0 {
		page.Newest = path
	}
	page.Rows = rows(call, all)
	page.Frame, page.ProjectHead = u.head(call, "deployments", "Deployments", state)
	return u.show(call, http.StatusOK, page)
}

// rows shows deployments with bars of one scale, so that a slow one is seen.
func rows(call *web.Call, deployments []paas.Deployment) []templates.DeploymentRow {
	now := time.Now()
	var longest time.Duration // of those that went live: one that hung for an hour would hide the rest
	for _, d := range deployments {
		if d.LiveAt != nil {
			longest = max(longest, templates.Lasted(d.Phases(), now))
		}
	}
	var all []templates.DeploymentRow
	for _, d := range deployments {
		all = append(all, templates.DeploymentRow{Deployment: d, By: asker(call, d), Bar: templates.NewBar(d.Phases(), longest, now)})
	}
	return all
}

// asker is who asked for a deployment, as far as the reader is told.
func asker(call *web.Call, d paas.Deployment) string {
	switch d.By {
	case "":
		return ""
	case call.Caller.ID:
		return call.Caller.Username
	case call.Project.Owner:
		return call.Project.OwnerName
	}
	return "an administrator"
}

// numbered is the deployment that the address names.
func (u *ui) numbered(call *web.Call) (paas.Deployment, error) {
	number, err := strconv.Atoi(call.Param("n"))
	if err != nil || number < 1 {
		return paas.Deployment{}, paas.Errorf(paas.NotFound, paas.ENotFound, "The project has no such deployment.")
	}
	return u.platform.Deployment(call.Request().Context(), call.Caller, call.Project.ID, number)
}

func (u *ui) deployment(call *web.Call) error {
	d, err := u.numbered(call)
	if err != nil {
		return err
	}
	state, err := u.state(call)
	if err != nil {
		return err
	}
	now := time.Now()
	page := templates.Deployment{Stopped: call.Project.Stopped}
	page.DeploymentRow = templates.DeploymentRow{Deployment: d, By: asker(call, d), Bar: templates.NewBar(d.Phases(), templates.Lasted(d.Phases(), now), now)}
	if page.Changes, err = u.changes(call, d); err != nil {
		return err
	}
	if page.Log, err = u.buildLines(call.Request().Context(), call.Caller, d); err != nil {
		return err
	}
	if d.State == paas.Superseded {
		if page.CanRollBack, err = u.platform.CanRollBack(call.Request().Context(), d); err != nil {
			return err
		}
	}
	page.Frame, page.ProjectHead = u.head(call, "deployments", d.Name(), state)
	if d.State.Active() {
		page.Every = watchProgress
	}
	return u.show(call, http.StatusOK, page)
}

// changes are against the version before; of a deployment that has taken its configuration.
func (u *ui) changes(call *web.Call, d paas.Deployment) (*templates.Changes, error) {
	if d.BuiltAt == nil {
		return nil, nil
	}
	earlier, err := u.platform.Predecessor(call.Request().Context(), call.Caller, d)
	if err != nil || earlier == nil {
		return nil, err
	}
	return &templates.Changes{Changes: d.Changes(*earlier), Since: earlier.Number, Before: earlier.Runs(), After: d.Runs()}, nil
}

func (u *ui) cancel(call *web.Call) error {
	d, err := u.numbered(call)
	if err != nil {
		return err
	}
	if _, err := u.platform.Cancel(call.Request().Context(), call.Caller, call.Project.ID, d.Number); err != nil {
		return err
	}
	return leave(call, projectPath(call.Project.ID, fmt.Sprintf("deployments/%d", d.Number)), "canceled")
}

func (u *ui) rollback(call *web.Call) error {
	d, err := u.numbered(call)
	if err != nil {
		return err
	}
	return u.rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		return one(u.platform.Rollback(ctx, call.Caller, call.Project.ID, d.Number, queued))
	})
}
