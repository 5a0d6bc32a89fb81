package ingress

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
