package ui

import (
	"net/http"
	"strconv"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

const (
	recentEvents = 6  // that a project's overview shows
	eventsPage   = 50 // that a page of its history does
)

// begins is where a page of a list that grows begins: below the id that its address says, or 0 at the newest.
func begins(call *web.Call) (int64, error) {
	text := call.QueryParam("before")
	if text == "" {
		return 0, nil
	}
	before, err := strconv.ParseInt(text, 10, 64)
	if err != nil || before < 1 {
		return 0, paas.InvalidField("before", "The list has no such page: begin at the newest.")
	}
	return before, nil
}

// history is what happened to a project, by whom, newest first.
func (u *ui) history(call *web.Call) error {
	state, err := u.state(call)
	if err != nil {
		return err
	}
	before, err := begins(call)
	if err != nil {
		return err
	}
	page := templates.History{Newest: before == 0}
	if page.Events, err = u.platform.Events(call.Request().Context(), call.Caller, call.Project.ID, before, eventsPage+1); err != nil {
		return err
	}
	if len(page.Events) > eventsPage {
		page.Events = page.Events[:eventsPage]
		page.Next = page.Events[eventsPage-1].ID
	}
	page.Frame, page.ProjectHead = u.head(call, "overview", "Events", state)
	return u.show(call, http.StatusOK, page)
}
