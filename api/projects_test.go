package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func TestProject(t *testing.T) {
	w := newWorld(t)
	p := w.project
	if p.GitURL != "ssh://git@127.0.0.1:2222/"+string(p.ID)+".git" || p.URL != "http://"+string(p.ID)+".user-app.localhost:8080" || p.Status != paas.StatusNew {
		t.Errorf("%+v", p)
	}
	_, answer := w.raw("GET", "/api/v1/projects/"+string(p.ID), "", w.ada.token)
	content, _ := answer["content"].(map[string]any)
	for _, field := range []string{"id", "name", "config", "createdAt", "updatedAt", "gitUrl", "url", "status"} {
		if content[field] == nil {
			t.Errorf("no %s in %v", field, content)
		}
	}
	if config, _ := content["config"].(map[string]any); answer["status"] != "OK" || config["env"] == nil {
		t.Errorf("%v", answer)
	}
	if _, err := w.ada.CreateProject(t.Context(), "hello"); !paas.IsCode(err, paas.ETaken) {
		t.Errorf("twice: %v", err)
	}
	if _, err := w.bob.CreateProject(t.Context(), "hello"); err != nil {
		t.Errorf("names are per user: %v", err)
	}
	for _, name := range []string{"", "Hello", "-x", "a b", "a;touch b", "$(id)", "../x", "a\nb", strings.Repeat("a", 41)} {
		if _, err := w.ada.CreateProject(t.Context(), name); !paas.IsKind(err, paas.Invalid) || paas.Public(err).Details[0].Field != "name" {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := w.ada.CreateProject(t.Context(), "a\x00b"); !paas.IsKind(err, paas.Invalid) {
		t.Errorf("NUL: %v", err)
	}
	if found, err := w.ada.FindProject(t.Context(), "hello"); err != nil || found.ID != p.ID {
		t.Errorf("by name: %+v, %v", found, err)
	}
}

func TestChangeAndDelete(t *testing.T) {
	w := newWorld(t)
	name, branch, missing := "renamed", "main", "missing"
	p, err := w.ada.UpdateProject(t.Context(), w.project.ID, wire.ProjectChange{Name: &name, Settings: &wire.SettingsChange{Branch: &branch}}, client.UpdateOptions{})
	if err != nil || p.Name != "renamed" || p.Settings.Branch != "main" || p.GitURL != w.project.GitURL {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = w.ada.UpdateProject(t.Context(), w.project.ID, wire.ProjectChange{Settings: &wire.SettingsChange{Branch: &missing}}, client.UpdateOptions{})
	if !paas.IsKind(err, paas.Invalid) {
		t.Errorf("a branch that is not there: %v", err)
	}
	status, answer := w.raw("PATCH", "/api/v1/projects/"+string(p.ID), `{"nmae":"x"}`, w.ada.token)
	if details, _ := json.Marshal(answer["details"]); status != 400 || !strings.Contains(string(details), `"field":"nmae"`) {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := w.raw("DELETE", "/api/v1/projects/"+string(p.ID), "", w.ada.token); status != 200 || answer["status"] != "removed" {
		t.Errorf("%d %v", status, answer)
	}
	if _, err := w.ada.Project(t.Context(), p.ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("after deletion: %v", err)
	}
	if _, answer := w.raw("GET", "/api/v1/projects/my", "", w.ada.token); !reflect.DeepEqual(answer["content"], []any{}) {
		t.Errorf("the empty list: %v", answer)
	}
}

func TestAdministratorsSeeNamesOfVariables(t *testing.T) {
	w := newWorld(t)
	if _, err := w.ada.ReplaceEnv(t.Context(), w.project.ID, paas.Env{"TOKEN": "canary"}, client.EnvOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v1/projects", "/api/v1/projects/" + string(w.project.ID), "/api/v1/projects/" + string(w.project.ID) + "/env"} {
		status, answer := w.raw("GET", path, "", w.admin.token)
		text, _ := json.Marshal(answer)
		if status != 200 || strings.Contains(string(text), "canary") || !strings.Contains(string(text), "TOKEN") {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	all, err := w.admin.Projects(t.Context())
	if err != nil || len(all) != 0 {
		t.Errorf("an administrator's own: %+v, %v", all, err)
	}
	if _, err := w.admin.Deploy(t.Context(), w.project.ID, nil, client.Wait); !paas.IsCode(err, paas.ENeverBuilt) {
		t.Errorf("%v", err)
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a", "b", "c"} {
		w.must(func() error { _, err := w.ada.CreateProject(t.Context(), name); return err })
	}
	var names []string
	cursor := ""
	for range 5 {
		_, answer := w.raw("GET", "/api/v1/projects/my?limit=3&cursor="+cursor, "", w.ada.token)
		for _, one := range answer["content"].([]any) {
			names = append(names, one.(map[string]any)["name"].(string))
		}
		if cursor, _ = answer["nextCursor"].(string); cursor == "" {
			break
		}
	}
	if want := []string{"a", "b", "c", "hello"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%v", names)
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "cursor=x"} {
		if status, answer := w.raw("GET", "/api/v1/projects/my?"+query, "", w.ada.token); status != 400 {
			t.Errorf("%s: %d %v", query, status, answer)
		}
	}
}

func TestLegacyStatuses(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	body := `{"container_names":["` + string(w.project.ID) + `"]}`
	status, answer := w.raw("POST", "/api/v1/projects/status", body, w.ada.token)
	want := map[string]any{"container_statuses": []any{map[string]any{"container_name": string(w.project.ID), "container_status": "STATUS_RUNNING"}}}
	if status != 200 || !reflect.DeepEqual(answer["content"], want) {
		t.Errorf("%d %v", status, answer)
	}
	if status, _ := w.raw("POST", "/api/v1/projects/status", body, w.bob.token); status != 404 {
		t.Errorf("for bob: %d", status)
	}
	if status, answer := w.raw("POST", "/api/v1/projects/status", `{"container_names":[]}`, w.bob.token); status != 200 {
		t.Errorf("none: %d %v", status, answer)
	}
}

func TestHealthAndInfo(t *testing.T) {
	w := newWorld(t)
	info, err := w.anonymous().Info(t.Context())
	if err != nil || info.Version != "v0" || info.Git != "ssh://git@127.0.0.1:2222" || info.Registration != paas.RegistrationInvite ||
		info.Applications != "http://<project-id>.user-app.localhost:8080" || len(info.HostKeys) != 1 || info.HostKeys[0].Value != hostKey {
		t.Errorf("%+v, %v", info, err)
	}
	if health, err := w.anonymous().Health(t.Context()); err != nil || health != (wire.Heartbeat{Service: "OK", Database: "OK"}) {
		t.Errorf("%+v, %v", health, err)
	}
	w.store.Close()
	status, answer := w.raw("GET", "/api/v1/healthz", "", "")
	if want := map[string]any{"service": "OK", "database": "KO"}; status != http.StatusServiceUnavailable || !reflect.DeepEqual(answer["content"], want) {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := w.raw("GET", "/api/v1/users/my", "", w.ada.token); status != 500 || answer["id"] == nil {
		t.Errorf("without a database: %d %v", status, answer)
	}
}

func TestNobodyThere(t *testing.T) {
	w := newWorld(t)
	w.end()
	_, err := w.ada.Me(t.Context())
	unreachable, ok := errors.AsType[*client.Error](err)
	if !ok || !strings.Contains(unreachable.Message, "nothing listens there") {
		t.Errorf("%v", err)
	}
	if _, err := w.local.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "there is no socket") {
		t.Errorf("%v", err)
	}
}
