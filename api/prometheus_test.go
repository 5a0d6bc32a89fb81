package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestPrometheusIsForAdministrators(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	scrape := func(token paas.Secret) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.server.Addr().String()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token.Reveal())
		}
		response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	for who, token := range map[string]paas.Secret{"nobody": "", "a user": w.ada.token} {
		if status, text := scrape(token); status == http.StatusOK || strings.Contains(text, "paastech_project") {
			t.Errorf("%s gets %d: %.200s", who, status, text)
		}
	}
	status, text := scrape(w.admin.token)
	for _, line := range []string{
		`paastech_project_status{name="hello",owner="ada",project="` + string(w.project.ID) + `",status="running"} 1`,
		`paastech_project_containers{name="hello",owner="ada",process="web",project="` + string(w.project.ID) + `"} 1`,
		`paastech_project_latency_seconds_bucket{`, `paastech_project_requests_total{`, `paastech_project_memory_bytes{`, `go_goroutines `,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%d without %s:\n%s", status, line, text)
		}
	}
}
