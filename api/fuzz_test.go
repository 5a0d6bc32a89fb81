package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/web"
)

// FuzzBodies sends anything as the body of every route that changes something, as their owner and as
// an administrator: it is never our fault.
func FuzzBodies(f *testing.F) {
	w := newWorld(f)
	var routes []web.Route
	for _, route := range w.server.Routes() {
		if route.Method != http.MethodGet && strings.HasPrefix(route.Path, "/api/") && !strings.HasSuffix(route.Path, "/logout") {
			routes = append(routes, route)
		}
	}
	for _, seed := range []string{
		`{}`, `[]`, `null`, `"x"`, `{"name":"a"}`, `{"env":{"A":1}}`, `{"env":{"A":null}}`, `{"env_vars":{"$(id)":"1"}}`, `{"email":"a@b.c","password":"x"}`,
		`{"username":"a';DROP TABLE users;--"}`, `{"name":"../../etc"}`, `{"value":"ssh-rsa \u0000"}`, strings.Repeat("[", 20000), `{"a":` + strings.Repeat("9", 5000) + `}`, "\xff", `{"container_names":["%00"]}`,
		`{"limits":{"memory":-1}}`, `{"settings":{"branch":"-x"}}`, `{"scope":"admin","name":"\u202e"}`, `{"expiresAt":"9999-99-99"}`,
	} {
		for i := range routes {
			f.Add(uint(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, which uint, body string) {
		w.contract.report = t.Errorf
		route := routes[which%uint(len(routes))]
		path := strings.NewReplacer(":id", string(w.project.ID), ":n", "1", ":username", "nobody-here").Replace(route.Path)
		for _, token := range []string{w.ada.token.Reveal(), w.admin.token.Reveal()} {
			if route.Method == http.MethodDelete && strings.Contains(route.Path, ":id") {
				continue // it would end the world
			}
			request, err := http.NewRequest(route.Method, "http://"+w.server.Addr().String()+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Authorization", "Bearer "+token)
			response, err := w.contract.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if response.StatusCode >= 500 {
				t.Errorf("%s %s with %q: %d", route.Method, path, body, response.StatusCode)
			}
		}
	})
}
