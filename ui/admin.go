package ui

import (
	"net/http"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// adminRoutes are the administration. They have the names of the API's operations, so that the audit
// tells the same of both.
func (u *ui) adminRoutes() []web.Route {
	return []web.Route{
		get("/admin", web.Admin, u.admin),
		get("/admin/doctor", web.Admin, u.backTo("/admin")),
		operation("doctor", post("/admin/doctor", web.Admin, u.lookAgain)),
		operation("repair", post("/admin/doctor/repair", web.Admin, u.repair)),
		get("/admin/projects", web.Admin, u.adminProjects),
		get("/admin/keys", web.Admin, u.adminKeys),
		get("/admin/audit", web.Admin, u.adminAudit),
		get("/admin/settings", web.Admin, u.adminSettings),
	}
}

// adminEvery is how often, in seconds, pages of the administration look again.
const adminEvery = 10

// adminFrame is what is around a page of the administration.
func adminFrame(call *web.Call, tab, title string) (templates.Frame, templates.AdminHead) {
	around := frame(call, title)
	around.Section = "admin"
	return around, templates.AdminHead{Tab: tab}
}

func (u *ui) admin(call *web.Call) error {
	ctx := call.Request().Context()
	overview, err := u.platform.Overview(ctx)
	if err != nil {
		return err
	}
	look, err := u.platform.LastLook(ctx)
	if err != nil {
		return err
	}
	page := templates.Admin{Overview: overview, Gauges: templates.Gauges(overview), Look: look, Mailbox: u.server.Development()}
	page.Frame, page.AdminHead = adminFrame(call, "overview", "Administration")
	page.Every = adminEvery
	return u.show(call, http.StatusOK, page)
}

func (u *ui) lookAgain(call *web.Call) error {
	if _, err := u.platform.Examine(call.Request().Context()); err != nil {
		return err
	}
	return leave(call, "/admin", "looked")
}

func (u *ui) repair(call *web.Call) error {
	if _, err := u.platform.Repair(call.Request().Context()); err != nil {
		return err
	}
	return leave(call, "/admin", "repaired")
}

// mostListed is how many rows a page of the administration has at the most.
const mostListed = 200

// listing is what of a list a page shows: what fits the search of its address, up to mostListed.
func listing[T any](call *web.Call, what string, all []T, words func(T) []string) (templates.Listing, []T) {
	list := templates.Listing{What: what, Search: strings.TrimSpace(call.QueryParam("search")), All: len(all)}
	wanted := strings.ToLower(list.Search)
	var found []T
	for _, one := range all {
		if strings.Contains(strings.ToLower(strings.Join(words(one), "\n")), wanted) {
			found = append(found, one)
		}
	}
	list.Found = len(found)
	found = found[:min(len(found), mostListed)]
	list.Shown = len(found)
	return list, found
}

func (u *ui) adminProjects(call *web.Call) error {
	ctx := call.Request().Context()
	projects, err := u.platform.AllProjects(ctx)
	if err != nil {
		return err
	}
	states, err := u.platform.States(ctx, projects)
	if err != nil {
		return err
	}
	page := templates.AdminProjects{}
	page.Frame, page.AdminHead = adminFrame(call, "projects", "Projects")
	page.Every = adminEvery
	page.Listing, page.Projects = listing(call, "projects", u.owned(projects, states), func(p templates.OwnedProject) []string {
		return []string{p.Name, p.Owner, string(p.ID), string(p.Status)}
	})
	return u.show(call, http.StatusOK, page)
}

// owned are projects with whose they are and what they show.
func (u *ui) owned(projects []paas.Project, states map[paas.ProjectID]paas.ProjectState) []templates.OwnedProject {
	var rows []templates.OwnedProject
	for _, project := range projects {
		rows = append(rows, templates.OwnedProject{ProjectRow: u.row(project, states[project.ID], paas.Trend{}), Owner: project.OwnerName})
	}
	return rows
}

func (u *ui) adminKeys(call *web.Call) error {
	ctx := call.Request().Context()
	keys, err := u.platform.AllKeys(ctx)
	if err != nil {
		return err
	}
	users, err := u.platform.Users(ctx)
	if err != nil {
		return err
	}
	names := map[paas.UserID]string{}
	for _, user := range users {
		names[user.ID] = user.Username
	}
	var rows []templates.KeyRow
	for _, key := range keys {
		row := keyRow(key)
		row.Owner = names[key.User]
		rows = append(rows, row)
	}
	page := templates.AdminKeys{}
	page.Frame, page.AdminHead = adminFrame(call, "keys", "SSH keys")
	page.Listing, page.Keys = listing(call, "keys", rows, func(k templates.KeyRow) []string {
		return []string{k.Fingerprint, k.Owner, k.Name, k.Type}
	})
	return u.show(call, http.StatusOK, page)
}

func (u *ui) adminSettings(call *web.Call) error {
	page := templates.AdminSettings{Groups: templates.Sections(u.platform.Settings)}
	page.Frame, page.AdminHead = adminFrame(call, "settings", "Settings")
	return u.show(call, http.StatusOK, page)
}
