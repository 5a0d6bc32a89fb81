package ingress

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestProjectsHaveStepsToo, on both roads' connections, kept over deployments, and in front of a wake.
func TestProjectsHaveStepsToo(t *testing.T) {
	target, other := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "one %s %q %s", r.URL.Path, r.Header.Values("X-Said"), strings.Repeat("x", 4000))
	}), upstream(t, says("two"))
	var woken atomic.Int64
	i := running(t, Options{Wake: func(context.Context, paas.ProjectID) error {
		woken.Add(1)
		return paas.Errorf(paas.Rejected, "E_EXITED", "It ended.")
	}})
	route := live(target)
	route.Steps = []paas.Step{
		{RateLimit: &paas.RateLimit{Average: 1, Period: time.Hour, Burst: 6}},
		{Redirect: &paas.Redirect{Pattern: "^http://app.example.com(:[0-9]+)?/old/(.*)", Replacement: "https://new.example/${2}", Permanent: true}},
		{BasicAuth: &paas.BasicAuth{Realm: "restricted", Hide: true, Users: []paas.Secret{"ada:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"}}}, // myPassword
		{Headers: &paas.Headers{Request: map[string]string{"X-Said": "yes", "X-Gone": ""}, Response: map[string]string{"X-Frame-Options": "DENY"}}},
		{Compress: true},
	}
	plain := live(target)
	plain.Host = "plain.example.com"
	i.Replace(route)
	i.Replace(plain)
	if status, answer := ask(t, i.Address(), "plain.example.com / X-Said=no"); status != http.StatusOK || !strings.Contains(answer, `"no"`) || strings.Contains(answer, "DENY") {
		t.Errorf("without steps: %d %.300s", status, answer)
	}
	allowed := func(r *http.Request) {
		r.SetBasicAuth("ada", "myPassword")
		r.Header.Set("X-Said", "no")
		r.Header.Set("Accept-Encoding", "zstd, gzip, br")
	}
	answer := send(t, newClient(t), i, string(app), allowed)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("X-Frame-Options") != "DENY" || answer.Header.Get("Content-Encoding") != "zstd" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
	if status, answer := ask(t, i.Address(), "app.example.com /old/a"); status != http.StatusMovedPermanently || !strings.Contains(answer, "Location: https://new.example/a") {
		t.Errorf("redirected: %d %s", status, answer)
	}
	if status, answer := ask(t, i.Address(), "app.example.com /"); status != http.StatusUnauthorized || strings.Contains(answer, "one") {
		t.Errorf("without a password: %d %s", status, answer)
	}

	// The next version answers, and the rate counts on.
	next := route
	next.Targets = []netip.AddrPort{other}
	i.Replace(next)
	text := func(edit func(*http.Request)) (int, string) {
		answer := send(t, newClient(t), i, string(app), edit)
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		return answer.StatusCode, string(body)
	}
	simple := func(r *http.Request) { r.SetBasicAuth("ada", "myPassword") }
	if status, body := text(simple); status != http.StatusOK || body != "two" {
		t.Errorf("the next version: %d %s", status, body)
	}

	// A request that is refused wakes nobody; one that may come in does.
	sleeping := next
	sleeping.State, sleeping.Targets = paas.RouteSleeping, nil
	i.Replace(sleeping)
	if status, _ := text(nil); status != http.StatusUnauthorized || woken.Load() != 0 {
		t.Errorf("%d, woken %d times", status, woken.Load())
	}
	if status, _ := text(simple); status != http.StatusServiceUnavailable || woken.Load() != 1 {
		t.Errorf("%d, woken %d times", status, woken.Load())
	}
	if status, _ := text(simple); status != http.StatusTooManyRequests {
		t.Errorf("the seventh request: %d", status)
	}
}

// TestApplicationsThatSpeakHTTP2: streams go both ways at once and trailers come, as gRPC needs it, whatever the
// client speaks; one that wants a WebSocket is told what the application says.
func TestApplicationsThatSpeakHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/proto" {
			fmt.Fprintf(w, "%s %s", r.Proto, r.Host)
			return
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_ = http.NewResponseController(w).Flush()
		buffer := make([]byte, 5)
		for {
			n, err := io.ReadFull(r.Body, buffer)
			_, _ = w.Write(buffer[:n])
			_ = http.NewResponseController(w).Flush()
			if err != nil {
				break
			}
		}
		w.Header().Set("Grpc-Status", "0")
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	route := live(addressOf(server))
	route.Protocol = paas.H2C
	i := running(t, Options{})
	i.Replace(route)
	secure := secured(t, Options{})
	secure.Replace(route)
	overH2 := (&mixed{t: t}).trusting(true)
	for name, c := range map[string]struct {
		client *http.Client
		base   string
	}{"h2c": {h2c(t), "http://" + i.Address()}, "h2": {overH2, "https://" + secure.AddressTLS()}, "h3": {h3(t), "https://" + secure.AddressTLS()}} {
		reader, writer := io.Pipe()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+"/echo.Echo/Say", reader)
		must(t, err)
		request.Host = string(app)
		request.Header.Set("Content-Type", "application/grpc")
		request.Header.Set("Te", "trailers")
		answer, err := c.client.Do(request)
		must(t, err)
		for n := range 3 {
			said := fmt.Sprintf("say %d", n)
			_, err := io.WriteString(writer, said)
			must(t, err)
			heard := make([]byte, len(said))
			if _, err := io.ReadFull(answer.Body, heard); err != nil || string(heard) != said {
				t.Fatalf("%s: %q, %v", name, heard, err)
			}
		}
		must(t, writer.Close())
		rest, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || len(rest) != 0 || answer.Trailer.Get("Grpc-Status") != "0" {
			t.Errorf("%s: %q, %v, trailers %v", name, rest, err, answer.Trailer)
		}
	}
	for _, edit := range []func(*http.Request){nil, func(r *http.Request) {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
	}} {
		answer := send(t, newClient(t), i, string(app), func(r *http.Request) {
			r.URL.Path = "/proto"
			if edit != nil {
				edit(r)
			}
		})
		if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "HTTP/2.0 app.example.com" {
			t.Errorf("over HTTP/1.1: %d %q %v", answer.StatusCode, body, err)
		}
	}
}

// TestPlainRequestsComeInWhereTheyAreWanted, and are sent to TLS elsewhere.
func TestPlainRequestsComeInWhereTheyAreWanted(t *testing.T) {
	i := secured(t, Options{})
	route := live(upstream(t, says("here")))
	for _, plain := range []bool{false, true, false} {
		route.Plain = plain
		i.Replace(route)
		want := http.StatusPermanentRedirect
		if plain {
			want = http.StatusOK
		}
		if status, _ := get(t, i, string(app)); status != want {
			t.Errorf("plain %t: %d, not %d", plain, status, want)
		}
	}
}
