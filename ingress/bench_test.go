package ingress

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// BenchmarkIngressProxy compares a request through the ingress with one that goes straight to the application.
func BenchmarkIngressProxy(b *testing.B) {
	server := httptest.NewServer(says(strings.Repeat("x", 200)))
	defer server.Close()
	i := running(b, Options{})
	i.Replace(live(addressOf(server)))
	client := newClient(b)
	for name, address := range map[string]string{"direct": addressOf(server).String(), "ingress": i.Address()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := http.NewRequest(http.MethodGet, "http://"+address+"/", nil)
				must(b, err)
				r.Host = string(app)
				answer, err := client.Do(r)
				must(b, err)
				_, err = io.Copy(io.Discard, answer.Body)
				must(b, err)
				must(b, answer.Body.Close())
			}
		})
	}
}

// BenchmarkRoutes measures a change of the routes with few and with many there: how long the change itself
// takes, and until a request over a connection that is open already is answered by the new target. At rest
// is the same request without a change.
func BenchmarkRoutes(b *testing.B) {
	for _, present := range []int{1, 10000} {
		i := running(b, Options{})
		began := time.Now()
		target := addressOf(startedServer(b, "new"))
		for n := range present {
			i.Replace(paas.Route{Host: paas.Hostname(fmt.Sprintf("p%d.user-app.example.com", n)), Project: paas.ProjectID(fmt.Sprint("p", n)), State: paas.RouteLive, Targets: live(target).Targets})
		}
		filled := time.Since(began)
		client := newClient(b)
		get := func(host string) {
			r, err := http.NewRequest(http.MethodGet, "http://"+i.Address()+"/", nil)
			must(b, err)
			r.Host = host
			answer, err := client.Do(r)
			must(b, err)
			text, err := io.ReadAll(answer.Body)
			must(b, err)
			must(b, answer.Body.Close())
			if string(text) != "new" {
				b.Fatalf("%s answered %q", host, text)
			}
		}
		get("p0.user-app.example.com")
		b.Run(fmt.Sprintf("routes=%d", present), func(b *testing.B) {
			var changing, effective, rest time.Duration
			made := 0
			for b.Loop() {
				for range 100 {
					host := paas.Hostname(fmt.Sprintf("new%d.user-app.example.com", made))
					made++
					began := time.Now()
					i.Replace(paas.Route{Host: host, Project: "new", State: paas.RouteLive, Targets: live(target).Targets})
					changing += time.Since(began)
					get(string(host))
					effective += time.Since(began)
					began = time.Now()
					get(string(host))
					rest += time.Since(began)
					i.Remove(host)
				}
			}
			b.ReportMetric(float64(changing.Microseconds())/float64(made), "us-change")
			b.ReportMetric(float64(effective.Microseconds())/float64(made), "us-effective")
			b.ReportMetric(float64(rest.Microseconds())/float64(made), "us-at-rest")
			b.ReportMetric(float64(filled.Milliseconds()), "ms-to-fill")
		})
	}
}

func startedServer(b *testing.B, text string) *httptest.Server {
	server := httptest.NewServer(says(text))
	b.Cleanup(server.Close)
	return server
}
