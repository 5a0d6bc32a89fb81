package ui

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) settingsRoutes() []web.Route {
	return []web.Route{
		get("/dashboard/:id/settings", web.Owner, u.settings),
		post("/dashboard/:id/settings", web.Owner, u.changeSettings),
		post("/dashboard/:id/settings/name", web.Owner, u.rename),
		post("/dashboard/:id/settings/branch", web.Owner, u.changeBranch),
		post("/dashboard/:id/settings/volume", web.Owner, u.removeVolume),
		get("/dashboard/:id/delete", web.Owner, u.deletion),
		post("/dashboard/:id/delete", web.Owner, u.deleteProject),
	}
}

func (u *ui) settings(call *web.Call) error {
	return u.showSettings(call, http.StatusOK, nil, templates.Mistakes{})
}

// showSettings shows the forms, with what was typed into one of them.
func (u *ui) showSettings(call *web.Call, status int, typed url.Values, mistakes templates.Mistakes) error {
	ctx := call.Request().Context()
	project, err := u.platform.Project(ctx, call.Caller, call.Project.ID) // it may just have been changed
	if err != nil {
		return err
	}
	call.Project = project
	state, err := u.state(call)
	if err != nil {
		return err
	}
	waiting, err := u.platform.Waiting(ctx, call.Caller, project.ID)
	if err != nil {
		return err
	}
	page := templates.Settings{
		Mistakes: mistakes, NewName: project.Name, Branch: project.DeployBranch, Revision: u.platform.SettingsRevision(project), Waiting: waiting.Settings,
		Volumes: u.volumes(call, typed, mistakes), Groups: u.shownGroups(project, state, typed, mistakes),
	}
	if !project.Stopped {
		page.Rollout = rolloutOf(project, state)
	}
	if page.Text, err = writeSettings(project.App); err != nil {
		return err
	}
	for name, at := range map[string]*string{"name": &page.NewName, "branch": &page.Branch, settingsText: &page.Text} {
		if typed.Has(name) {
			*at = typed.Get(name)
		}
	}
	page.Open = typed.Has(settingsText)
	page.Frame, page.ProjectHead = u.head(call, "settings", "Settings", state)
	return u.show(call, status, page)
}

// sourceOf is what the source declares that was built last, and its processes.
func sourceOf(state paas.ProjectState) paas.Image {
	switch {
	case state.Live != nil:
		return state.Live.Image
	case state.Newest != nil:
		return state.Newest.Image
	}
	return paas.Image{}
}

// processesOf are all that settings can be about, web first.
func processesOf(project paas.Project, source paas.Image) []string {
	all := paas.Formation{}
	for _, process := range source.Processes {
		all[process.Type] = 1
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(source.App.Processes)), slices.Collect(maps.Keys(project.App.Processes))) {
		all[name] = 1
	}
	delete(all, paas.ReleaseProcess)
	return all.Types()
}

// shownGroups are the fields with what was typed, or else what is set, beside what the source declares.
func (u *ui) shownGroups(project paas.Project, state paas.ProjectState, typed url.Values, mistakes templates.Mistakes) []templates.SettingGroup {
	source := sourceOf(state)
	processes := processesOf(project, source)
	declared := u.groups(edit(source.App, processes), processes)
	var groups []templates.SettingGroup
	for i, group := range u.groups(edit(project.App, processes), processes) {
		shownGroup := templates.SettingGroup{ID: group.id, Title: group.title, Note: group.note, Folds: group.folds, Wrong: mistakes.Of(group.id)}
		for j, one := range group.settings {
			field := one.Setting
			field.Value, field.Declared, field.Wrong = shown(one.at), shown(declared[i].settings[j].at), mistakes.Of(field.Name)
			if typed.Has(field.Name) && typed.Get(field.Name) != field.Value {
				field.Stored, field.Changed = field.Value, mistakes.Summary != "" && typed.Get("revision") != u.platform.SettingsRevision(project)
				field.Value = typed.Get(field.Name)
			}
			shownGroup.Settings = append(shownGroup.Settings, field)
		}
		groups = append(groups, shownGroup)
	}
	return groups
}

func (u *ui) changeSettings(call *web.Call) error {
	values, err := call.Form()
	if err != nil {
		return err
	}
	var app paas.App
	if values.Has(settingsText) {
		app, err = parseSettings(values.Get(settingsText))
	} else {
		var state paas.ProjectState
		if state, err = u.state(call); err != nil {
			return err
		}
		app, err = u.readSettings(values, call.Project.App, processesOf(call.Project, sourceOf(state)))
	}
	if err != nil {
		return u.settingsNotSaved(call, values, false, err)
	}
	change := paas.ProjectChange{App: &app, Revision: values.Get("revision"), Later: values.Get("step") != "deploy"}
	var stored paas.Project
	deployment, queued, err := call.Queued(func(ctx context.Context, queued func(paas.Deployment)) (_ *paas.Deployment, err error) {
		change.Queued = queued
		stored, err = u.platform.UpdateProject(ctx, call.Caller, call.Project.ID, change)
		return nil, err
	})
	page := projectPath(call.Project.ID, "settings")
	switch {
	case err != nil:
		return u.settingsNotSaved(call, values, stored.ID != "", err)
	case queued:
		return call.Redirect(http.StatusSeeOther, deploymentPath(call.Project.ID, deployment.Number))
	case change.Later:
		return leave(call, page, "settings-later")
	}
	return leave(call, page, "settings-same")
}

// settingsNotSaved says why, with what was typed; or that all was stored and only the roll-out failed.
func (u *ui) settingsNotSaved(call *web.Call, typed url.Values, stored bool, err error) error {
	public, mistakes, ours := wrong(err)
	if !ours {
		return err
	}
	if stored {
		mistakes.Summary = "The settings are stored, but what runs does not have them: " + public.Message
		typed = nil
	}
	return u.showSettings(call, call.Refused(public), typed, mistakes)
}

func (u *ui) rename(call *web.Call) error {
	return u.update(call, "name", "renamed", func(name string) paas.ProjectChange { return paas.ProjectChange{Name: &name} })
}

func (u *ui) changeBranch(call *web.Call) error {
	return u.update(call, "branch", "branch", func(branch string) paas.ProjectChange { return paas.ProjectChange{DeployBranch: &branch} })
}

// update makes the change that a form of one field asks for.
func (u *ui) update(call *web.Call, field, done string, change func(string) paas.ProjectChange) error {
	values, err := call.Form()
	if err != nil {
		return err
	}
	_, err = u.platform.UpdateProject(call.Request().Context(), call.Caller, call.Project.ID, change(trimmed(values, field)))
	if err != nil {
		return u.settingsNotSaved(call, values, false, err)
	}
	return leave(call, projectPath(call.Project.ID, "settings"), done)
}
