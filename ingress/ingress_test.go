package ingress

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

const app paas.Hostname = "app.example.com"

// running starts an ingress on a free port and ends it with the test.
func running(t testing.TB, options Options) *Ingress {
	t.Helper()
	options.Listen = "127.0.0.1:0"
	return runningAt(t, options)
}

// runningAt is running where the options say.
func runningAt(t testing.TB, options Options) *Ingress {
	t.Helper()
	options.Log = slog.New(slog.DiscardHandler)
	if options.ShutdownTimeout == 0 {
		options.ShutdownTimeout = time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	i, err := New(ctx, options)
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-ended)
	})
	return i
}

// upstream starts an application and returns where it answers.
func upstream(t testing.TB, handler http.HandlerFunc) netip.AddrPort {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return addressOf(server)
}

func addressOf(server *httptest.Server) netip.AddrPort {
	return netip.MustParseAddrPort(server.Listener.Addr().String())
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func live(targets ...netip.AddrPort) paas.Route {
	return paas.Route{Host: app, Project: "p", State: paas.RouteLive, Targets: targets}
}

// unused is an address where nobody listens.
func unused(t testing.TB) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close())
	return netip.MustParseAddrPort(listener.Addr().String())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newClient(t testing.TB) *http.Client {
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send sends a request to the ingress under a hostname.
func send(t testing.TB, client *http.Client, i *Ingress, host string, edit func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+i.Address()+"/", nil)
	must(t, err)
	r.Host = host
	if edit != nil {
		edit(r)
	}
	answer, err := client.Do(r)
	must(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func get(t testing.TB, i *Ingress, host string) (int, string) {
	t.Helper()
	answer := send(t, newClient(t), i, host, nil)
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(body)
}

func TestHostsAreMatchedInAnyForm(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, says("app"))))
	other := live(upstream(t, says("other")))
	other.Host = "other.example.com"
	i.Replace(other)
	for host, want := range map[string]string{
		"app.example.com":        "app",
		"APP.Example.Com":        "app",
		"app.example.com:8080":   "app",
		"app.example.com.":       "app",
		"App.example.com.:443":   "app",
		"other.example.com":      "other",
		"x.app.example.com":      "",
		"example.com":            "",
		"app.example.com.evil":   "",
		"localhost":              "",
		"127.0.0.1:80":           "",
		"[::1]:80":               "",
		"[::1]":                  "",
		"app.example.com..":      "",
		"app.example.com:80:80":  "",
		"app.example.com@evil":   "",
		"evil@app.example.com":   "",
		"app.example.com, other": "",
	} {
		status, body := get(t, i, host)
		if want == "" && status != http.StatusNotFound && status != http.StatusBadRequest || want != "" && body != want {
			t.Errorf("%s: got %d %q, want %q", host, status, body, want)
		}
	}
}

func TestRoutes(t *testing.T) {
	i := running(t, Options{})
	target := upstream(t, says("app"))
	first, second := live(target), paas.Route{Host: "a.example.com", State: paas.RouteStopped}
	i.Replace(first)
	i.Replace(second)
	if got := i.Routes(); !reflect.DeepEqual(got, []paas.Route{second, first}) {
		t.Errorf("got %v", got)
	}
	i.Remove(app)
	i.Remove(app)
	if got := i.Routes(); !reflect.DeepEqual(got, []paas.Route{second}) {
		t.Errorf("got %v", got)
	}
	if status, _ := get(t, i, string(app)); status != http.StatusNotFound {
		t.Errorf("a removed host answers %d", status)
	}
}

func TestOwnPages(t *testing.T) {
	const dashboard = "https://paas.example.com/dashboard"
	i := running(t, Options{DashboardURL: dashboard})
	unreachable := live(unused(t))
	for code, c := range map[paas.Code]struct {
		route   paas.Route
		status  int
		command string
	}{
		EUnknownHost:    {paas.Route{Host: "x", State: paas.RouteStopped}, http.StatusNotFound, "paastech projects ls"},
		EAppStopped:     {paas.Route{Host: app, State: paas.RouteStopped}, http.StatusServiceUnavailable, "paastech start"},
		EAppStarting:    {paas.Route{Host: app, State: paas.RouteStarting}, http.StatusServiceUnavailable, "paastech logs -f"},
		EAppCrashed:     {paas.Route{Host: app, State: paas.RouteCrashed}, http.StatusServiceUnavailable, "paastech logs"},
		EAppNew:         {paas.Route{Host: app, State: paas.RouteNew}, http.StatusServiceUnavailable, "paastech push"},
		EAppUnreachable: {unreachable, http.StatusBadGateway, "paastech logs"},
	} {
		i.Remove(app)
		i.Replace(c.route)
		page := send(t, newClient(t), i, string(app), func(r *http.Request) {
			r.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		})
		text, err := io.ReadAll(page.Body)
		must(t, err)
		for _, part := range []string{string(code), "<pre>" + c.command + "</pre>", `href="` + dashboard + `"`, "</html>"} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s: the page lacks %q", code, part)
			}
		}
		wantRetry := ""
		if code == EAppStarting {
			wantRetry = "2"
		}
		refreshes := strings.Contains(string(text), `http-equiv="refresh"`)
		if page.StatusCode != c.status || page.Header.Get("Retry-After") != wantRetry || refreshes != (wantRetry != "") {
			t.Errorf("%s: got %d with Retry-After %q, refresh %v", code, page.StatusCode, page.Header.Get("Retry-After"), refreshes)
		}

		var answer struct {
			Status     string
			StatusCode int
			Code       paas.Code
			Message    string
		}
		program := send(t, newClient(t), i, string(app), nil)
		must(t, json.NewDecoder(program.Body).Decode(&answer))
		if answer.Status != "error" || answer.StatusCode != c.status || program.StatusCode != c.status || answer.Code != code || !strings.HasSuffix(answer.Message, c.command) {
			t.Errorf("%s: got %d %+v", code, program.StatusCode, answer)
		}
	}
}

func TestWhoGetsAPage(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                  false,
		"*/*":                               false,
		"text/html":                         true,
		"TEXT/HTML; q=0.5":                  true,
		"text/html;q=0":                     false,
		"text/html;q=x":                     false,
		"application/json, text/html;q=0.9": false,
		"application/json;q=0.8,text/html":  true,
		"application/json, text/plain, */*": false,
		"text/html;level=1;q=0.3, application/json;q=0.2": true,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		if got := wantsPage(r); got != want {
			t.Errorf("%q: got %v, want %v", accept, got, want)
		}
	}
}

func TestTheLeastBusyTargetIsTaken(t *testing.T) {
	i := running(t, Options{})
	arrived, release := make(chan struct{}), make(chan struct{})
	busy := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			arrived <- struct{}{}
			<-release
		}
		_, _ = io.WriteString(w, "busy")
	})
	i.Replace(live(busy))
	var held sync.WaitGroup
	for range 5 {
		held.Go(func() { send(t, newClient(t), i, string(app), func(r *http.Request) { r.URL.Path = "/hold" }) })
		<-arrived
	}
	i.Replace(live(busy, upstream(t, says("free"))))
	for range 10 {
		if _, body := get(t, i, string(app)); body != "free" {
			t.Errorf("got %q", body)
		}
	}
	close(release)
	held.Wait()
	seen := map[string]int{}
	for range 10 {
		awaitIdle(t, i) // an answer is there before its exchange has ended
		_, body := get(t, i, string(app))
		seen[body]++
	}
	if seen["busy"] != 5 || seen["free"] != 5 {
		t.Errorf("when none is busy they take turns; got %v", seen)
	}
}

// awaitIdle waits until no request is in flight.
func awaitIdle(t *testing.T, i *Ingress) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, target := range i.table.Load().get(app).targets {
		for target.load.Load() != 0 {
			if time.Now().After(deadline) {
				t.Fatal("a request is in flight for ever")
			}
			time.Sleep(time.Millisecond)
		}
	}
}
