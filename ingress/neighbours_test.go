package ingress

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestNeighbours: requests for names that are no project's go where the rules of neighbours say, through
// their steps, and a project's name is never a neighbour's.
func TestNeighbours(t *testing.T) {
	echo := func(name string) netip.AddrPort {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-From", name)
			w.Header().Set("Server", "secret")
			json.NewEncoder(w).Encode(map[string]any{"who": name, "host": r.Host, "path": r.URL.EscapedPath(), "query": r.URL.RawQuery, "header": r.Header})
		}))
		t.Cleanup(server.Close)
		return netip.MustParseAddrPort(server.Listener.Addr().String())
	}
	one, two, dead := echo("one"), echo("two"), netip.MustParseAddrPort("127.0.0.1:1")
	i := running(t, Options{})
	i.Replace(paas.Route{Host: "project.example", Project: "p", State: paas.RouteLive, Targets: []netip.AddrPort{two}})
	way := func(rule paas.Rule, target netip.AddrPort, steps ...paas.Step) paas.Neighbour {
		return paas.Neighbour{Name: "r", Rule: rule, Plain: true, Scheme: "http", KeepHost: true, Targets: []netip.AddrPort{target}, Steps: steps}
	}
	host := func(name string) paas.Rule { return paas.HostIs(name) }
	secure := way(host("secure.example"), one)
	secure.Plain, secure.Secure = false, true
	spread := way(host("spread.example"), one)
	spread.Targets = []netip.AddrPort{one, dead, two}
	own := way(host("own.example"), one)
	own.KeepHost = false
	i.SetNeighbours([]paas.Neighbour{
		way(paas.AllOf{host("a.example"), paas.PathBelow("/two")}, two),
		way(host("a.example"), one), way(host("project.example"), one), secure, spread, own,
		way(host("strip.example"), one, paas.Step{StripPrefix: []string{"/x", "/api"}}), way(host("add.example"), one, paas.Step{AddPrefix: "/v1/"}),
		way(host("https.example"), one, paas.Step{Redirect: &paas.Redirect{Scheme: "https", Permanent: true}}),
		way(host("moved.example"), one, paas.Step{Redirect: &paas.Redirect{Pattern: "^http://moved.example(:[0-9]+)?/old/(.*)", Replacement: "https://new.example/${2}"}}),
		way(host("headers.example"), one, paas.Step{Headers: &paas.Headers{Request: map[string]string{"X-A": "b", "X-Gone": "", "X-Forwarded-Proto": "https"}, Response: map[string]string{"X-C": "d", "Server": ""}, Strict: time.Hour}}),
		way(host("auth.example"), one, paas.Step{BasicAuth: &paas.BasicAuth{Realm: "x", Hide: true, Users: []paas.Secret{
			"test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/", "sha:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "plain:password"}}}),
		way(host("rate.example"), one, paas.Step{RateLimit: &paas.RateLimit{Average: 1, Period: time.Hour, Burst: 2}}),
		way(host("in.example"), one, paas.Step{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}), way(host("out.example"), one, paas.Step{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}),
		way(host("dead.example"), dead), way(host("small.example"), one, paas.Step{Compress: true}),
		way(paas.Not{Rule: paas.AnyOf{paas.PathBelow("/nowhere"), host("nobody.example")}}, two),
	})
	for _, c := range []struct {
		request string // host path header=value…
		status  int
		want    string // in the answer: its head, and what the application saw
	}{
		{"a.example /", 200, `"who":"one"`}, {"a.example /two/x?y=%20z", 200, `"path":"/two/x","query":"y=%20z","who":"two"`}, {"A.Example:80 /", 200, `"who":"one"`},
		{"project.example /", 200, `"who":"two"`}, {"secure.example /", 200, `"who":"two"`}, // over TLS only; the last takes it
		{"other.example /", 200, `"who":"two"`}, {"other.example /nowhere", 404, "E_UNKNOWN_HOST"}, {"nobody.example /", 404, "E_UNKNOWN_HOST"},
		{"own.example /", 200, fmt.Sprintf(`"host":"%s"`, one)}, {"a.example / X-Forwarded-For=6.6.6.6", 200, `"X-Forwarded-For":["127.0.0.1"]`},
		{"strip.example /api/users%2f1", 200, `"path":"/users%2f1"`}, {"strip.example /api", 200, `"path":"/","query"`}, {"strip.example /api/x", 200, `"X-Forwarded-Prefix":["/api"]`}, {"add.example /x", 200, `"path":"/v1/x"`},
		{"https.example /a?b=c", 301, "Location: https://https.example/a?b=c"}, {"moved.example /old/a?b", 302, "Location: https://new.example/a?b"}, {"moved.example /new", 200, `"who":"one"`},
		{"headers.example / X-Gone=1", 200, `"X-A":["b"]`}, {"headers.example /", 200, "X-C: d"}, {"headers.example / X-Forwarded-Proto=ftp", 200, `"X-Forwarded-Proto":["https"]`},
		{"auth.example /", 401, `Www-Authenticate: Basic realm="x"`}, {"auth.example / Authorization=Basic_dGVzdDp0ZXN0", 200, `"who":"one"`}, {"auth.example / Authorization=Basic_c2hhOnBhc3N3b3Jk", 200, `"who":"one"`},
		{"auth.example / Authorization=Basic_cGxhaW46cGFzc3dvcmQ=", 401, "E_NOT_LOGGED_IN"}, {"auth.example / Authorization=Basic_dGVzdDp3cm9uZw==", 401, "E_NOT_LOGGED_IN"},
		{"rate.example /", 200, "one"}, {"rate.example /", 200, "one"}, {"rate.example /", 429, "Retry-After: 36"},
		{"in.example /", 200, "one"}, {"out.example /", 403, "E_FORBIDDEN"}, {"out.example / X-Forwarded-For=192.0.2.1", 403, "E_FORBIDDEN"},
		{"dead.example /", 502, "E_APP_UNREACHABLE"}, {"small.example / Accept-Encoding=gzip", 200, "Vary: Accept-Encoding"},
		{"spread.example /", 200, `"who":"`}, {"spread.example /", 200, `"who":"`}, {"spread.example /", 200, `"who":"`}, {"spread.example /", 200, `"who":"`},
	} {
		if status, answer := ask(t, i.Address(), c.request); status != c.status || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %d, not %d with %q:\n%s", c.request, status, c.status, c.want, answer)
		}
	}
	if _, answer := ask(t, i.Address(), "headers.example / X-Gone=1"); strings.Contains(answer, "X-Gone") || strings.Contains(answer, "secret") || strings.Contains(answer, "Strict-Transport") {
		t.Errorf("a header that goes is there, or one that is for TLS:\n%s", answer)
	}
	if _, answer := ask(t, i.Address(), "auth.example / Authorization=Basic_dGVzdDp0ZXN0"); strings.Contains(answer, "Authorization") {
		t.Errorf("the application sees the password:\n%s", answer)
	}

	i.SetNeighbours([]paas.Neighbour{way(host("rate.example"), one, paas.Step{RateLimit: &paas.RateLimit{Average: 1, Period: time.Hour, Burst: 2}})})
	if status, _ := ask(t, i.Address(), "rate.example /"); status != http.StatusTooManyRequests {
		t.Errorf("what stayed as it was forgot its clients: %d", status)
	}
	if status, _ := ask(t, i.Address(), "a.example /"); status != http.StatusNotFound {
		t.Errorf("a neighbour that went answers %d", status)
	}
}

// ask sends a request and returns its status, and its head and body as text.
func ask(t *testing.T, address, text string) (int, string) {
	t.Helper()
	fields := strings.Fields(text)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+fields[1], http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = fields[0]
	for _, header := range fields[2:] {
		name, value, _ := strings.Cut(header, "=")
		request.Header.Set(name, strings.ReplaceAll(value, "_", " "))
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	head := &strings.Builder{}
	answer.Header.Write(head)
	return answer.StatusCode, head.String() + string(body)
}
