package web

import (
	"net/netip"

	"github.com/paastech-cloud/paastech/paas"
)

// From is the address that the call comes from; behind a trusted proxy it is what that says.
func (c *Call) From() netip.Addr {
	address, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return netip.Addr{} // the local socket's callers have none
	}
	return address.Unmap()
}

// record puts a change into the audit. What nobody known tried in vain is in the log only: anyone
// could fill the audit with it.
func (c *Call) record(route Route, err error) {
	if err != nil && c.Caller.Username == "" {
		return
	}
	result := paas.AuditDone
	if err != nil {
		result = paas.Public(err).Code
	}
	from := ""
	if address := c.From(); address.IsValid() {
		from = address.String()
	}
	c.server.platform.Record(c.Request().Context(), paas.AuditEntry{
		User: c.Caller.ID, Name: c.Caller.Username, With: c.credential(), From: from,
		Action: route.action(), Target: c.Target, Result: result,
	})
}
