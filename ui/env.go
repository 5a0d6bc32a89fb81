package ui

import (
	"context"
	"net/http"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) envRoutes() []web.Route {
	return []web.Route{
		get("/dashboard/:id/env", web.Owner, u.env),
		post("/dashboard/:id/env", web.Owner, u.changeEnv),
	}
}

func (u *ui) env(call *web.Call) error {
	form := envForm{build: call.QueryParam("build") == "1"}
	return u.showEnv(call, http.StatusOK, form, templates.Mistakes{})
}

// showEnv shows the variables in a form, with what was typed over what is stored.
func (u *ui) showEnv(call *web.Call, status int, form envForm, mistakes templates.Mistakes) error {
	project, err := u.platform.Project(call.Request().Context(), call.Caller, call.Project.ID) // it may just have been changed
	if err != nil {
		return err
	}
	call.Project = project
	page := templates.Env{Mistakes: mistakes, Build: form.build, Unseen: !call.ShowsEnvOf(project), Open: call.QueryParam("show") == "1", Paste: form.paste, Replace: form.replace}
	page.Rows, page.Fresh = u.envRows(call, form, mistakes, page.Open)
	if !form.build {
		waiting, err := u.platform.Waiting(call.Request().Context(), call.Caller, project.ID)
		if err != nil {
			return err
		}
		page.Waiting = waiting.Variables
	}
	if page.Frame, page.ProjectHead, err = u.headNow(call, "env", "Variables"); err != nil {
		return err
	}
	return u.show(call, status, page)
}

// headNow is what stands above a page that shows nothing else of the project's state.
func (u *ui) headNow(call *web.Call, tab, title string) (templates.Frame, templates.ProjectHead, error) {
	state, err := u.state(call)
	if err != nil {
		return templates.Frame{}, templates.ProjectHead{}, err
	}
	around, head := u.head(call, tab, title, state)
	return around, head, nil
}

// changeEnv takes what the form and its review send: a change goes from one to the other, and is made
// in the last step.
func (u *ui) changeEnv(call *web.Call) error {
	values, err := call.Form()
	if err != nil {
		return err
	}
	switch step := values.Get("step"); step {
	case "save", "deploy", "edit":
		change, err := readReviewed(values)
		if err != nil {
			return err
		}
		if step == "edit" {
			return u.showEnv(call, http.StatusOK, envForm{build: change.Build, set: change.Set}, templates.Mistakes{})
		}
		deploy := step == "deploy"
		change.Deploy = &deploy
		return u.saveEnv(call, change)
	default:
		form, err := readEnvForm(values)
		if err != nil {
			return err
		}
		if step == "more" {
			form.fresh = append(form.fresh, templates.EnvRow{})
			return u.showEnv(call, http.StatusOK, form, templates.Mistakes{})
		}
		return u.reviewEnv(call, form)
	}
}

// reviewEnv shows what a form would change.
func (u *ui) reviewEnv(call *web.Call, form envForm) error {
	change, err := form.change(u.platform.EnvSum)
	if err == nil {
		var review paas.EnvReview
		if review, err = u.platform.ReviewEnv(call.Request().Context(), call.Caller, call.Project.ID, change); err == nil {
			if review.Empty() {
				return u.showEnv(call, http.StatusOK, form, templates.Mistakes{Summary: "Nothing of this changes anything yet."})
			}
			return u.showReview(call, http.StatusOK, change.Build, review, templates.Mistakes{}, u.meanwhile(call, form))
		}
	}
	public, mistakes, ours := wrong(err)
	if !ours {
		return err
	}
	return u.showEnv(call, call.Refused(public), form, mistakes)
}

func (u *ui) showReview(call *web.Call, status int, build bool, review paas.EnvReview, mistakes templates.Mistakes, meanwhile map[string]bool) error {
	carried, err := carry(review.Set)
	if err != nil {
		return err
	}
	page := templates.EnvReview{Mistakes: mistakes, Build: build, Change: carried, Revision: review.Revision}
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", review.Added}, {"changed", review.Changed}, {"removed", review.Removed}} {
		for _, name := range part.names {
			page.Changes = append(page.Changes, templates.EnvChange{Name: name, What: part.what, Meanwhile: meanwhile[name]})
		}
	}
	state, err := u.state(call)
	if err != nil {
		return err
	}
	if !build {
		page.Rollout = rolloutOf(call.Project, state)
	}
	page.Frame, page.ProjectHead = u.head(call, "env", "What will change", state)
	return u.show(call, status, page)
}

// rolloutOf is what can follow a change of the project's configuration at once.
func rolloutOf(project paas.Project, state paas.ProjectState) templates.Rollout {
	switch {
	case state.Live == nil && (state.Newest == nil || state.Newest.Image.Ref == ""):
		return templates.NoRollout
	case project.Stopped:
		return templates.StartAgain
	}
	return templates.Redeploy
}

// saveEnv makes a change that was reviewed.
func (u *ui) saveEnv(call *web.Call, change paas.EnvChange) error {
	var stored paas.Project
	deployment, queued, err := call.Queued(func(ctx context.Context, queued func(paas.Deployment)) (made *paas.Deployment, err error) {
		change.Queued = queued
		stored, made, err = u.platform.ChangeEnv(ctx, call.Caller, call.Project.ID, change)
		return made, err
	})
	page := projectPath(call.Project.ID, "env")
	switch {
	case err != nil:
		return u.envNotSaved(call, change, stored.ID != "", err)
	case queued:
		return call.Redirect(http.StatusSeeOther, deploymentPath(call.Project.ID, deployment.Number))
	case change.Build:
		return leave(call, page+"?build=1", "env-build")
	case deployment != nil:
		return leave(call, page, "env-same")
	}
	return leave(call, page, "env-later")
}

// envNotSaved says why a change that was reviewed was not made, and shows it as it would be by now; or
// that it was stored and only the roll-out failed.
func (u *ui) envNotSaved(call *web.Call, change paas.EnvChange, stored bool, err error) error {
	public, mistakes, ours := wrong(err)
	if !ours {
		return err
	}
	if stored {
		mistakes.Summary = "The variables are stored, but what runs does not have them: " + public.Message
		return u.showEnv(call, call.Refused(public), envForm{build: change.Build}, mistakes)
	}
	review, err := u.platform.ReviewEnv(call.Request().Context(), call.Caller, call.Project.ID, change)
	if err != nil || review.Empty() {
		return u.showEnv(call, call.Refused(public), envForm{build: change.Build, set: change.Set}, mistakes)
	}
	return u.showReview(call, call.Refused(public), change.Build, review, mistakes, nil)
}
