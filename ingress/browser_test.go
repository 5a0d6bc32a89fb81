package ingress

import (
	"net"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestABrowserSeesAValidChain: over HTTP/2, sent there from the address without TLS; one that does not know the CA
// shows nothing.
func TestABrowserSeesAValidChain(t *testing.T) {
	const host = "app.user-app.localhost"
	i := secured(t, Options{})
	_, port, err := net.SplitHostPort(i.AddressTLS())
	must(t, err)
	route := live(upstream(t, says("<!doctype html><title>secure</title><link rel=icon href=data:,>")))
	route.Host = paas.Hostname(host)
	i.Replace(route)
	address := "https://" + net.JoinHostPort(host, port) + "/"
	tab := browsertest.Trusting(t, i.CARoot()).Tab()
	tab.Visit(address)
	if said := browsertest.Ask[string](tab, `[document.title, isSecureContext, performance.getEntriesByType("navigation")[0].nextHopProtocol].join(" ")`); said != "secure true h2" {
		t.Errorf("the browser shows %q", said)
	}
	stranger := browsertest.New(t).Tab()
	stranger.Expect("ERR_CERT_AUTHORITY_INVALID")
	if err := stranger.Refuses(address); err == nil || !strings.Contains(err.Error(), "ERR_CERT_AUTHORITY_INVALID") {
		t.Errorf("who does not know the CA: %v", err)
	}
}
