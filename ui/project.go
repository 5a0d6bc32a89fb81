package ui

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// projectRoutes are the list of projects and the pages of each.
func (u *ui) projectRoutes() []web.Route {
	return []web.Route{
		get("/dashboard", web.Private, u.dashboard),
		get("/dashboard/:id", web.Owner, u.project),
		get("/dashboard/:id/deployments", web.Owner, u.deployments),
		get("/dashboard/:id/deployments/:n", web.Owner, u.deployment),
		operation("cancel", post("/dashboard/:id/deployments/:n/cancel", web.Owner, u.cancel)),
		operation("rollback", post("/dashboard/:id/deployments/:n/rollback", web.Owner, u.rollback)),
		get("/dashboard/:id/metrics", web.Owner, u.metrics),
		get("/dashboard/:id/events", web.Owner, u.history),
		operation("start", post("/dashboard/:id/start", web.Owner, u.start)),
		operation("restart", post("/dashboard/:id/restart", web.Owner, u.restart)),
		operation("deploy", post("/dashboard/:id/deploy", web.Owner, u.deploy)),
		operation("stop", post("/dashboard/:id/stop", web.Owner, u.stop)),
		operation("sleep", post("/dashboard/:id/sleep", web.Owner, u.sleep)),
		operation("wake", post("/dashboard/:id/wake", web.Owner, u.wake)),
		operation("maintain", post("/dashboard/:id/maintenance", web.Owner, u.maintain)),
		operation("pause", post("/dashboard/:id/pause", web.Owner, u.pause)),
		operation("resume", post("/dashboard/:id/resume", web.Owner, u.resume)),
		operation("scale", post("/dashboard/:id/scale", web.Owner, u.scale)),
	}
}

// newest is how many deployments a project's overview shows.
const newest = 5

// head is what stands above a page of the call's project, and the frame around it.
func (u *ui) head(call *web.Call, tab, title string, state paas.ProjectState) (templates.Frame, templates.ProjectHead) {
	project := call.Project
	around := frame(call, project.Name)
	if title != "" {
		around.Title = title + " · " + project.Name
	}
	around.Section, around.Watch = "projects", "project/"+string(project.ID)
	head := templates.ProjectHead{
		ID: project.ID, Name: project.Name, Status: state.Status, Why: state.Why, URL: u.platform.ProjectURL(project.ID), Tab: tab,
	}
	if project.Owner != call.Caller.ID {
		head.Owner = project.OwnerName
	}
	return around, head
}

// state is what the call's project shows.
func (u *ui) state(call *web.Call) (paas.ProjectState, error) {
	states, err := u.platform.States(call.Request().Context(), []paas.Project{call.Project})
	return states[call.Project.ID], err
}

func (u *ui) project(call *web.Call) error {
	state, err := u.state(call)
	if err != nil {
		return err
	}
	deployments, err := u.platform.Deployments(call.Request().Context(), call.Caller, call.Project.ID, 0, newest)
	if err != nil {
		return err
	}
	page := templates.Project{
		GitURL: u.server.GitURL(call.Project.ID), Server: u.server.PublicURL(), Branch: call.Project.DeployBranch,
		Live: state.Live, Newest: state.Newest, Processes: processes(state), Deployments: deployments, Reception: call.Project.Reception,
	}
	if page.Events, err = u.platform.Events(call.Request().Context(), call.Caller, call.Project.ID, 0, recentEvents); err != nil {
		return err
	}
	trends, err := u.platform.Trends(call.Request().Context(), []paas.Project{call.Project})
	if err != nil {
		return err
	}
	page.Charts = trendCharts(trends[call.Project.ID], u.platform.TrendEnd())
	if state.Newest == nil && call.Project.Owner == call.Caller.ID {
		keys, err := u.platform.Keys(call.Request().Context(), call.Caller.ID)
		if err != nil {
			return err
		}
		page.NeedsKey = len(keys) == 0
	}
	page.Frame, page.ProjectHead = u.head(call, "overview", "", state)
	page.Every = trendEvery
	return u.show(call, http.StatusOK, page)
}

// processes are those of what is live, web first.
func processes(state paas.ProjectState) []templates.ProcessRow {
	if state.Live == nil {
		return nil
	}
	var rows []templates.ProcessRow
	wanted := state.Live.Runs()
	for _, name := range wanted.Types() {
		row := templates.ProcessRow{Name: name, Running: state.Running[name], Wanted: wanted[name], Command: state.Live.App.Processes[name].Command}
		at := slices.IndexFunc(state.Live.Image.Processes, func(p paas.Process) bool { return p.Type == name })
		if row.Command == "" && at >= 0 {
			row.Command = state.Live.Image.Processes[at].Command
		}
		rows = append(rows, row)
	}
	return rows
}

// one makes a deployment that is always there of a use case's answer.
func one(deployment paas.Deployment, err error) (*paas.Deployment, error) { return &deployment, err }

func (u *ui) start(call *web.Call) error {
	return u.rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		return one(u.platform.Start(ctx, call.Caller, call.Project.ID, queued))
	})
}

func (u *ui) restart(call *web.Call) error {
	return u.rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		return one(u.platform.Restart(ctx, call.Caller, call.Project.ID, queued))
	})
}

func (u *ui) deploy(call *web.Call) error {
	return u.rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		return one(u.platform.Deploy(ctx, call.Caller, call.Project.ID, paas.DeployOptions{Queued: queued}))
	})
}

func (u *ui) stop(call *web.Call) error { return u.then(call, u.platform.Stop, "stopped") }
func (u *ui) sleep(call *web.Call) error {
	return u.then(call, func(ctx context.Context, caller paas.User, id paas.ProjectID) error {
		return u.platform.Sleep(ctx, caller, id, paas.Asleep)
	}, "asleep")
}
func (u *ui) wake(call *web.Call) error { return u.then(call, u.platform.Wake, "awake") }

func (u *ui) maintain(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	return u.receive(call, paas.Reception{Admission: paas.AdmissionMaintenance, Notice: strings.TrimSpace(form.Get("notice"))}, "maintained")
}

func (u *ui) pause(call *web.Call) error {
	return u.receive(call, paas.Reception{Admission: paas.AdmissionPaused}, "paused")
}

func (u *ui) resume(call *web.Call) error { return u.receive(call, paas.Reception{}, "resumed") }

func (u *ui) receive(call *web.Call, reception paas.Reception, said string) error {
	return u.then(call, func(ctx context.Context, caller paas.User, id paas.ProjectID) error {
		return u.platform.Receive(ctx, caller, id, reception)
	}, said)
}

// then does something with the call's project and shows its overview, which says that it is done.
func (u *ui) then(call *web.Call, do func(context.Context, paas.User, paas.ProjectID) error, said string) error {
	ctx, end := call.Watching()
	defer end(nil)
	if err := do(ctx, call.Caller, call.Project.ID); err != nil {
		return err
	}
	return leave(call, projectPath(call.Project.ID, ""), said)
}

func (u *ui) scale(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(form.Get("count"))
	if err != nil {
		return paas.InvalidField("count", "How many containers is a whole number.").Because(err)
	}
	if call.Project.Stopped {
		if _, _, err := u.platform.Scale(call.Request().Context(), call.Caller, call.Project.ID, paas.Formation{form.Get("process"): count}, nil); err != nil {
			return err
		}
		return leave(call, projectPath(call.Project.ID, ""), "scaled")
	}
	return u.rollOut(call, func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error) {
		_, deployment, err := u.platform.Scale(ctx, call.Caller, call.Project.ID, paas.Formation{form.Get("process"): count}, queued)
		return deployment, err
	})
}
