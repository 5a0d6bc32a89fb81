package ui

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// auditPage is how many changes a page shows.
const auditPage = 50

func (u *ui) adminAudit(call *web.Call) error {
	page := templates.AdminAudit{
		User: strings.TrimSpace(call.QueryParam("user")), Target: strings.TrimSpace(call.QueryParam("target")), Before: call.QueryParam("before"),
	}
	before, err := begins(call)
	if err != nil {
		return err
	}
	query := paas.AuditQuery{Name: page.User, Target: page.Target, Before: before, Limit: auditPage + 1}
	entries, err := u.platform.Audit(call.Request().Context(), query)
	if err != nil {
		return err
	}
	if len(entries) > auditPage {
		entries = entries[:auditPage]
		page.Next = strconv.FormatInt(entries[auditPage-1].ID, 10)
	}
	page.Entries = entries
	page.Frame, page.AdminHead = adminFrame(call, "audit", "Audit")
	return u.show(call, http.StatusOK, page)
}
