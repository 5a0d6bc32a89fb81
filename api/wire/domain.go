package wire

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// NewDomain is a name to claim.
type NewDomain struct {
	Name     string `json:"name"`
	Redirect string `json:"redirect,omitempty"`
}

// Domain is a name of a project beside its own, or one that it claims.
type Domain struct {
	Name      string        `json:"name"`
	Proven    bool          `json:"proven"`
	Redirect  paas.Hostname `json:"redirect,omitempty"`
	Trouble   string        `json:"trouble,omitempty"`
	CreatedAt time.Time     `json:"createdAt"`
	CheckedAt time.Time     `json:"checkedAt"`
	Records   []Record      `json:"records"`
}

// Record is one that the owner of a name sets in the DNS.
type Record struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
	For   string `json:"for"`
}

// DomainOf shows a domain; target is the application's own name.
func DomainOf(d paas.Domain, target paas.Hostname) Domain {
	shown := Domain{
		Name: d.String(), Proven: d.ProvenAt != nil, Redirect: d.Redirect, Trouble: d.Trouble, CreatedAt: d.CreatedAt, CheckedAt: d.CheckedAt, Records: []Record{},
	}
	for _, record := range d.Records(target) {
		shown.Records = append(shown.Records, Record(record))
	}
	return shown
}
