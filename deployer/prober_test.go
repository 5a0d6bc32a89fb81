package deployer

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestProbesSpeakHTTP2 to applications that speak nothing else, and only to those.
func TestProbesSpeakHTTP2(t *testing.T) {
	for _, h2c := range []bool{true, false} {
		status := http.StatusNotFound
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if (r.ProtoMajor == 2) != h2c || r.URL.Path != "/up" {
				t.Errorf("asked for %s by %s", r.URL.Path, r.Proto)
			}
			w.WriteHeader(status)
		}))
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetHTTP1(!h2c)
		server.Config.Protocols.SetUnencryptedHTTP2(h2c)
		server.Start()
		t.Cleanup(server.Close)
		address := netip.MustParseAddrPort(server.Listener.Addr().String())
		for _, status = range []int{http.StatusNotFound, http.StatusNoContent} {
			var seen paas.Readiness
			p := prober{address: address.Addr(), probe: paas.Probe{Path: "/up", H2C: h2c, Timeout: 5 * time.Second}}
			if open := p.ask(t.Context(), int(address.Port()), &seen); !open || seen.Status != status || seen.Ready != (status == http.StatusNoContent) {
				t.Errorf("HTTP/2 %t: %+v, open %t", h2c, seen, open)
			}
		}
	}
}
