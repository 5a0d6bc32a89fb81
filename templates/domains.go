package templates

import "github.com/paastech-cloud/paastech/paas"

// Domains lists the names of a project beside its own, and those that it claims.
type Domains struct {
	Frame
	ProjectHead
	Mistakes
	Rows     []DomainRow
	Own      paas.Hostname
	Entered  string // into the form
	Redirect string
}

func (Domains) file() string { return "domains.html" }

// DomainRow is one domain, and the records that lead it here.
type DomainRow struct {
	paas.Domain
	Records []paas.Record
}

// Targets are the domains that visitors of another can be sent to.
func (d Domains) Targets() []paas.Hostname {
	var all []paas.Hostname
	for _, row := range d.Rows {
		if row.Redirect == "" && row.Path == "" && !row.Wildcard() {
			all = append(all, row.Domain.Name)
		}
	}
	return all
}
