package api_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

const nobodys = "00000000-0000-4000-8000-000000000000"

// TestEveryRouteForEveryCaller is trial T43: callers × routes, from the route table itself, compared
// with what each route declares, and printed.
func TestEveryRouteForEveryCaller(t *testing.T) {
	w := newWorld(t)
	callers := []string{"anonymous", "other user", "read token", "deploy token of another project", "owner", "admin"}
	tokens := map[string]paas.Secret{"other user": w.bob.token, "owner": w.ada.token, "admin": w.admin.token}
	tokens["read token"] = w.apiToken(wire.NewToken{Name: "reads", Scope: paas.ScopeRead})
	another, err := w.ada.CreateProject(t.Context(), "another")
	if err != nil {
		t.Fatal(err)
	}
	tokens["deploy token of another project"] = w.apiToken(wire.NewToken{Name: "deploys", Scope: paas.ScopeDeploy, Project: another.ID})
	table := &strings.Builder{}
	fmt.Fprintf(table, "%-7s %-45s %-8s %-7s  %s\n", "METHOD", "PATH", "LEVEL", "SCOPE", strings.Join(callers, " | "))
	for i, route := range w.server.Routes() {
		fmt.Fprintf(table, "%-7s %-45s %-8s %-7s ", route.Method, route.Path, route.Level, declaredScope(route))
		for _, caller := range callers {
			token := tokens[caller]
			if strings.HasSuffix(route.Path, "/logout") && (caller == "owner" || caller == "other user" || caller == "admin") {
				token = w.again(caller) // it ends the log-in
			}
			project, err := w.ada.CreateProject(t.Context(), fmt.Sprintf("p%d-%s", i, strings.Fields(caller)[0])) // some routes delete it
			if err != nil {
				t.Fatal(err)
			}
			path := strings.NewReplacer(":id", string(project.ID), ":n", "1", ":username", "no-such-user").Replace(route.Path)
			status, answer := w.raw(route.Method, path, "", token)
			verdict, want := verdictOf(route, caller, status, answer), declared(route, caller)
			fmt.Fprintf(table, " %s |", verdict)
			if verdict != want || status >= 500 {
				t.Errorf("%s %s for %s: %s (%d %v), declared is %s", route.Method, route.Path, caller, verdict, status, answer, want)
			}
		}
		table.WriteByte('\n')
	}
	t.Log(table)
}

// again logs one of the callers in anew.
func (w *world) again(caller string) paas.Secret {
	email := map[string]string{"owner": "ada", "other user": "bob", "admin": "eve"}[caller] + "@example.com"
	session, err := w.anonymous().Login(w.t.Context(), email, password)
	if err != nil {
		w.t.Fatal(err)
	}
	return session.AccessToken
}

// apiToken makes one of ada's.
func (w *world) apiToken(token wire.NewToken) paas.Secret {
	w.t.Helper()
	made, err := w.ada.CreateToken(w.t.Context(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	return made.Secret
}

func declaredScope(route web.Route) paas.Scope {
	switch {
	case route.Scope != "":
		return route.Scope
	case route.Method == http.MethodGet || route.Method == http.MethodHead:
		return paas.ScopeRead
	}
	return paas.ScopeAdmin
}

// declared is what becomes of a caller by API.md's levels and scopes.
func declared(route web.Route, caller string) string {
	scopes := map[string]paas.Scope{"read token": paas.ScopeRead, "deploy token of another project": paas.ScopeDeploy}
	bound := caller == "deploy token of another project"
	switch {
	case route.Level == web.Public:
		return "in"
	case caller == "anonymous":
		return "401"
	case bound && route.Level == web.Owner:
		return "404"
	case bound && !route.ProjectTokens:
		return "403"
	case scopes[caller] != "" && !scopes[caller].Allows(declaredScope(route)):
		return "403"
	case route.Level == web.Admin && caller != "admin":
		return "403"
	case route.Level == web.Owner && caller == "other user":
		return "404"
	}
	return "in"
}

// verdictOf tells from an answer whether the caller was let in: what a handler finds wrong is no refusal.
func verdictOf(route web.Route, caller string, status int, answer map[string]any) string {
	page := !strings.HasPrefix(route.Path, "/api/")
	switch code := answer["code"]; {
	case route.Level == web.Public:
		return "in"
	case status == http.StatusUnauthorized && code == "E_NOT_LOGGED_IN", page && status == http.StatusSeeOther && caller == "anonymous":
		return "401"
	case status == http.StatusForbidden && (code == "E_FORBIDDEN" || code == "E_TOKEN_SCOPE" || page):
		return "403"
	case status == http.StatusNotFound && route.Level == web.Owner && (page || code == "E_NOT_FOUND") && strings.Contains(fmt.Sprint(answer["message"]), "no such project"):
		return "404"
	}
	return "in"
}

// TestStreamsAreHeldToTheSameLevels asks for the event streams as live streams.
func TestStreamsAreHeldToTheSameLevels(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	for _, stream := range []string{"/api/v1/projects/:id/logs", "/api/v1/projects/:id/deployments/1/log", "/api/v1/events"} {
		for caller, want := range map[paas.Secret]int{"": http.StatusUnauthorized, w.bob.token: http.StatusNotFound, w.ada.token: http.StatusOK, w.admin.token: http.StatusOK} {
			if stream == "/api/v1/events" && want == http.StatusNotFound {
				want = http.StatusOK // everybody has events, of their own projects
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.server.Addr().String()+strings.Replace(stream, ":id", string(w.project.ID), 1), nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept", "text/event-stream")
			request.Header.Set("Authorization", "Bearer "+caller.Reveal())
			response, err := w.contract.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s: %d, not %d", stream, response.StatusCode, want)
			}
		}
	}
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
