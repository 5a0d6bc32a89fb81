package web

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

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

// Origin is where the call comes from and what sends it.
func (c *Call) Origin() paas.Origin { return paas.NewOrigin(c.From(), c.Request().UserAgent()) }

// record puts a change into the audit. What nobody known tried in vain is in the log only: anyone
// could fill the audit with it.
func (c *Call) record(route Route, err error) {
	if err != nil && c.Caller.Username == "" {
		return
	}
	result, target := paas.AuditDone, c.Target
	if err != nil {
		result, target = paas.Public(err).Code, whatExists(c.Target, paas.Public(err))
	}
	from := ""
	if address := c.From(); address.IsValid() {
		from = address.String()
	}
	c.server.platform.Record(c.Request().Context(), paas.AuditEntry{
		User: c.Caller.ID, Name: c.Caller.Username, With: c.credential(), From: from,
		Action: route.action(), Target: target, Result: result,
	})
}

// id is what our ids look like: a UUIDv4, which the secrets of mailed links are not.
var id = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// whatExists leaves out of the target of a change that was refused what may be anything that somebody
// typed, a secret in the wrong place too: all but ids, and names that something was in conflict with.
func whatExists(target string, refusal *paas.Error) string {
	if refusal.Kind == paas.Conflict {
		return target
	}
	var kept []string
	for word := range strings.FieldsSeq(target) {
		if _, err := strconv.ParseUint(word, 10, 31); err == nil || id.MatchString(word) {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}
