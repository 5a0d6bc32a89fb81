package templates

import (
	"net/url"

	"github.com/paastech-cloud/paastech/paas"
)

// AdminAudit is the record of changes, newest first.
type AdminAudit struct {
	Frame
	AdminHead
	User    string // whose changes
	Target  string // changes to what
	Before  string // where the page begins; empty at the newest
	Next    string // where the next one does; empty at the end
	Entries []paas.AuditEntry
}

func (AdminAudit) file() string { return "admin-audit.html" }

// Filtered tells whether not all changes are shown.
func (a AdminAudit) Filtered() bool { return a.User != "" || a.Target != "" }

// Newest is the address of the first page, Older of the next.
func (a AdminAudit) Newest() string { return a.page("") }

// Older is the address of the next page.
func (a AdminAudit) Older() string { return a.page(a.Next) }

func (a AdminAudit) page(before string) string {
	query := url.Values{}
	for name, value := range map[string]string{"user": a.User, "target": a.Target, "before": before} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return "/admin/audit"
	}
	return "/admin/audit?" + query.Encode()
}
