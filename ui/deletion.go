package ui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func trimmed(values url.Values, name string) string { return strings.TrimSpace(values.Get(name)) }

// confirmed tells whether the name of what is to be deleted was typed to confirm that.
func confirmed(values url.Values, name string) error {
	if trimmed(values, "confirm") != name {
		return paas.InvalidField("confirm", "This is not its name. Type %s to delete it.", name)
	}
	return nil
}

// volumes are the project's. The page is of use without them when the engine does not answer.
func (u *ui) volumes(call *web.Call, typed url.Values, mistakes templates.Mistakes) templates.Volumes {
	all, err := u.platform.Volumes(call.Request().Context(), call.Caller, call.Project.ID)
	shown := templates.Volumes{ID: call.Project.ID, All: volumeRows(all), Unknown: err != nil}
	if typed.Has("volume") {
		shown.Named, shown.Typed, shown.Wrong = typed.Get("volume"), typed.Get("confirm"), mistakes.Summary
	}
	return shown
}

func volumeRows(volumes []paas.VolumeUse) []templates.VolumeRow {
	var rows []templates.VolumeRow
	for _, v := range volumes {
		rows = append(rows, templates.VolumeRow{Name: v.Name, Used: uint64(v.Used), Size: uint64(v.Size), Mounted: v.Mounted})
	}
	return rows
}

func (u *ui) removeVolume(call *web.Call) error {
	values, err := call.Form()
	if err != nil {
		return err
	}
	name := values.Get("volume")
	if err = confirmed(values, name); err == nil {
		err = u.platform.RemoveVolume(call.Request().Context(), call.Caller, call.Project.ID, name)
	}
	if err != nil {
		return u.settingsNotSaved(call, values, false, err)
	}
	return leave(call, projectPath(call.Project.ID, "settings"), "volume")
}

func (u *ui) deletion(call *web.Call) error {
	return u.showDeletion(call, http.StatusOK, "", templates.Mistakes{})
}

func (u *ui) showDeletion(call *web.Call, status int, typed string, mistakes templates.Mistakes) error {
	ctx := call.Request().Context()
	deletion, err := u.platform.ProjectDeletion(ctx, call.Caller, call.Project.ID)
	if err != nil {
		return err
	}
	volumes, err := u.platform.Volumes(ctx, call.Caller, call.Project.ID)
	if err != nil {
		return err
	}
	page := templates.DeleteProject{
		Mistakes: mistakes, Typed: typed, Containers: deletion.Containers, Disk: uint64(deletion.Disk), Volumes: volumeRows(volumes),
		Variables: len(call.Project.Env) + len(call.Project.BuildEnv),
	}
	if page.Frame, page.ProjectHead, err = u.headNow(call, "settings", "Delete"); err != nil {
		return err
	}
	page.Watch = "" // the page is not to look for its project while its own form deletes it
	return u.show(call, status, page)
}

func (u *ui) deleteProject(call *web.Call) error {
	values, err := call.Form()
	if err != nil {
		return err
	}
	if err := confirmed(values, call.Project.Name); err != nil {
		public, mistakes, _ := wrong(err)
		return u.showDeletion(call, call.Refused(public), values.Get("confirm"), mistakes)
	}
	if err := u.platform.DeleteProject(call.Request().Context(), call.Caller, call.Project.ID); err != nil {
		return err
	}
	return leave(call, "/dashboard", "deleted")
}
