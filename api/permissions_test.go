package api_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

const nobodys = "00000000-0000-4000-8000-000000000000"

// TestEveryRouteForEveryCaller is trial T43: callers × routes, from the route table itself.
func TestEveryRouteForEveryCaller(t *testing.T) {
	w := newWorld(t)
	count := 0
	for _, route := range w.server.Routes() {
		// What these do to the world would end the test.
		if strings.HasSuffix(route.Path, "/logout") || route.Method == http.MethodDelete {
			continue
		}
		for caller, token := range map[string]paas.Secret{"anonymous": "", "other": w.bob.token, "owner": w.ada.token, "admin": w.admin.token} {
			count++
			path := strings.NewReplacer(":id", string(w.project.ID), ":n", "1", ":key", nobodys).Replace(route.Path)
			status, answer := w.raw(route.Method, path, "", token)
			if want := refusal(route, caller); status != want && (want != 0 || refused(route, status, answer)) {
				t.Errorf("%s %s for %s: %d, not %d: %v", route.Method, path, caller, status, want, answer)
			}
			if status >= 500 {
				t.Errorf("%s %s for %s: %d %v", route.Method, path, caller, status, answer)
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d combinations", count)
	}
}

// refusal is the status that a caller who may not use a route must get; 0 means that they may.
func refusal(route web.Route, caller string) int {
	page := !strings.HasPrefix(route.Path, "/api/")
	switch {
	case route.Level == web.Public:
		return 0
	case caller == "anonymous" && page:
		return http.StatusSeeOther
	case caller == "anonymous":
		return http.StatusUnauthorized
	case route.Level == web.Owner && caller == "other":
		return http.StatusNotFound
	case route.Level == web.Admin && caller != "admin":
		return http.StatusForbidden
	}
	return 0
}

// refused tells whether an answer to a caller who may ask is a refusal all the same.
func refused(route web.Route, status int, answer map[string]any) bool {
	switch {
	case route.Path == "/api/v1/auth/register":
		return answer["code"] != "E_REGISTRATION_CLOSED"
	case strings.HasSuffix(route.Path, "/login"):
		return answer["code"] == "E_NOT_LOGGED_IN"
	}
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// TestForeignIsMissing holds that somebody else's project answers exactly as one that is not there.
func TestForeignIsMissing(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	count := 0
	for _, route := range w.server.Routes() {
		if route.Level != web.Owner || !strings.HasPrefix(route.Path, "/api/") {
			continue
		}
		count++
		path := func(id string) string {
			return strings.NewReplacer(":id", id, ":n", "1").Replace(route.Path)
		}
		foreignStatus, foreign := w.raw(route.Method, path(string(w.project.ID)), "", w.bob.token)
		for _, id := range []string{nobodys, "my-project", "..%2f..", "%00"} {
			status, missing := w.raw(route.Method, path(id), "", w.bob.token)
			if status != http.StatusNotFound || status != foreignStatus || !reflect.DeepEqual(missing, foreign) {
				t.Errorf("%s %s: missing %d %v, foreign %d %v", route.Method, route.Path, status, missing, foreignStatus, foreign)
			}
		}
	}
	if count < 12 {
		t.Errorf("only %d routes of owners", count)
	}
	if projects, err := w.ada.Projects(t.Context()); err != nil || len(projects) != 1 || projects[0].Status != paas.StatusRunning {
		t.Errorf("after all that ada has %+v, %v", projects, err)
	}
}
