package ingress

import (
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// hostname makes a route's key of a Host header: lower case, without port and trailing dot.
func hostname(host string) paas.Hostname {
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && strings.LastIndexByte(host, ']') < colon {
		host = host[:colon]
	}
	return paas.Hostname(strings.ToLower(strings.TrimSuffix(host, ".")))
}
