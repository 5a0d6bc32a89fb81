package ingress

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestAPartOfANameIsAnotherRoutes, on both roads, with its own steps, and only while there is one.
func TestAPartOfANameIsAnotherRoutes(t *testing.T) {
	says := func(name string) netip.AddrPort {
		return upstream(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s %s", name, r.Host, r.URL) })
	}
	i := running(t, Options{})
	whole := paas.Route{Host: "a.user-app.test", Also: []paas.Hostname{"shop.example.com"}, Project: "a", State: paas.RouteLive, Targets: []netip.AddrPort{says("whole")}}
	part := paas.Route{Host: "b.user-app.test", Project: "b", State: paas.RouteLive, Targets: []netip.AddrPort{says("part")}, Mounts: []paas.Mount{{Host: "shop.example.com", Path: "/api"}}}
	deep := paas.Route{Host: "c.user-app.test", Project: "c", State: paas.RouteLive, Targets: []netip.AddrPort{says("deep")}, Mounts: []paas.Mount{{Host: "shop.example.com", Path: "/api/v2"}}}
	deep.Steps = []paas.Step{{RateLimit: &paas.RateLimit{Average: 1, Period: time.Hour, Burst: 1}}}
	check := func(when string, wants map[string]string) {
		t.Helper()
		for path, want := range wants {
			for _, header := range []string{"", " Expect=100-continue"} {
				if _, answer := ask(t, i.Address(), "shop.example.com "+path+header); !strings.Contains(answer, want) {
					t.Errorf("%s: %s%s: without %q: %s", when, path, header, want, answer)
				}
			}
		}
	}
	i.Replace(whole)
	check("before", map[string]string{"/": "whole", "/api/x": "whole shop.example.com /api/x"})
	i.Replace(part)
	check("a part", map[string]string{"/": "whole", "/api": "part shop.example.com /api", "/api/": "part", "/api/x?y=z": "part shop.example.com /api/x?y=z", "/apis": "whole", "/API/x": "whole", "/v/api": "whole"})
	i.Replace(deep)
	if _, answer := ask(t, i.Address(), "shop.example.com /api/v2/x"); !strings.Contains(answer, "deep") {
		t.Errorf("the longest path wins: %s", answer)
	}
	check("its steps", map[string]string{"/api/v2": "E_TOO_MANY", "/api/v3": "part", "/": "whole"})
	part.State, part.Targets = paas.RouteStopped, nil
	i.Replace(part)
	check("stopped", map[string]string{"/api/x": "E_APP_STOPPED", "/": "whole"})
	i.Replace(whole) // another version
	i.Remove(deep.Host)
	check("removed", map[string]string{"/api/v2": "E_APP_STOPPED"})
	part.Mounts = nil
	i.Replace(part)
	check("given up", map[string]string{"/api/x": "whole", "/": "whole"})
	if left := i.table.Load().mounts; len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}
