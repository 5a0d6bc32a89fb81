package ui_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// app is what is set for the running project.
func (h *inhabited) app() paas.App {
	h.t.Helper()
	project, err := h.store.Project(h.t.Context(), h.running.ID)
	h.must(err)
	return project.App
}

// posted sends a form and follows nothing.
func (v *visitor) posted(path string, form url.Values) string {
	v.t.Helper()
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { v.CheckRedirect = nil }()
	response, err := v.PostForm(v.base+path, form)
	v.must(err)
	response.Body.Close()
	return fmt.Sprint(response.StatusCode, " ", strings.TrimPrefix(response.Header.Get("Location"), "/dashboard"))
}

// settingsForm is the form with every field of a page, as a browser sends it.
func (h *inhabited) settingsForm(page string) url.Values {
	page = page[strings.Index(page, `<form class="settings"`):]
	form := inputs(page[:strings.Index(page, "</form>")])
	form.Set("health.tcp", "")
	return form
}

func TestSettingsAreTypedAsPeopleDo(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	path, id := projectPath(h, "settings"), string(h.running.ID)
	_, _, page := h.visit(path)
	h.holds(page, `name="health.path" value=""`, "Default: 10s", "Process worker", `name="processes.worker.limits.memory"`, "Save and deploy", `value="main"`)
	form := h.settingsForm(page)
	for name, value := range map[string]string{
		"health.path": "/up", "health.interval": "30s", "health.failures": "5", "limits.memory": "512MiB", "limits.cpu": " 0.5 ", "limits.pids": "100",
		"stop.drain": "1m", "sleep.after": "1h30m", "release": "node migrate.js", "processes.worker.command": "node other.js", "processes.worker.limits.memory": "1G",
	} {
		form.Set(name, value)
	}
	form.Set("step", "save")
	if got := h.posted(path, form); got != "303 /"+id+"/settings?done=settings-later" {
		t.Errorf("saved: %s", got)
	}
	app := h.app()
	if app.Health.Path != "/up" || app.Health.Interval.String() != "30s" || app.Health.Failures != 5 || app.Limits != (paas.Limits{Memory: 512 << 20, CPU: 0.5, PIDs: 100}) ||
		app.Stop.Drain.String() != "1m" || app.Sleep.After.String() != "1h30m" || app.Release != "node migrate.js" || len(app.Processes) != 1 || app.Processes["worker"].Command != "node other.js" || app.Processes["worker"].Limits.Memory != 1<<30 {
		t.Errorf("stored %+v", app)
	}
	_, _, page = h.visit(path)
	h.holds(page, `value="512MiB"`, `value="0.5"`, `value="1h30m"`, `value="1GiB"`, "What runs does not have all of these settings yet", `action="/dashboard/`+id+`/deploy"`)
	form = h.settingsForm(page)
	form.Set("limits.memory", "")
	form.Set("step", "deploy")
	if got := h.posted(path, form); got != "303 /"+id+"/deployments/8" {
		t.Errorf("rolled out: %s", got)
	}
	_, _, page = h.visit(path)
	form = h.settingsForm(page)
	form.Set("step", "deploy")
	h.eventuallyLive(8)
	if got := h.posted(path, form); got != "303 /"+id+"/settings?done=settings-same" {
		t.Errorf("rolled out without a change: %s", got)
	}
}

func (h *inhabited) eventuallyLive(number int) {
	h.t.Helper()
	_, err := h.platform.Restart(h.t.Context(), h.ada, h.running.ID, nil) // takes its turn behind it
	h.must(err)
	if d, err := h.platform.Deployment(h.t.Context(), h.ada, h.running.ID, number); err != nil || d.LiveAt == nil {
		h.t.Fatalf("v%d: %+v, %v", number, d, err)
	}
}

// TestSettingsAreShownBesideWhatTheSourceDeclares.
func TestSettingsAreShownBesideWhatTheSourceDeclares(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	h.deploy(paas.Deployment{Project: h.empty.ID, State: paas.Live, Reason: paas.ReasonPush, By: h.ada.ID, Image: paas.Image{Ref: "x", App: paas.App{
		Health: paas.Health{Path: "/declared", TCP: false, Interval: paas.Duration(7e9)}, Limits: paas.Limits{Memory: 96 << 20},
		Processes: map[string]paas.ProcessSpec{"clock": {Command: "./tick <b>"}},
	}}})
	_, _, page := h.visit("/dashboard/" + string(h.empty.ID) + "/settings")
	h.holds(page, "The source declares <code>/declared</code>", "The source declares <code>7s</code>", "The source declares <code>96MiB</code>", "The source declares <code>./tick &lt;b&gt;</code>", "Process clock")
}

func TestMistakesInSettingsKeepWhatWasTyped(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	path := projectPath(h, "settings")
	_, _, page := h.visit(path)
	for _, test := range []struct {
		name, value, says string
	}{
		{"health.path", `up"><script>`, "begins with / and has neither spaces"},
		{"health.interval", "10", "is not a time span: write it like 500ms, 30s, 5m or 1h"},
		{"health.interval", "10ms", "at least 1s"},
		{"health.failures", "three", "is not a whole number"},
		{"health.failures", "101", "failures is a number from 1 to 100"},
		{"limits.memory", "much", "is not an amount of bytes: write it like 256MiB or 2GiB"},
		{"limits.memory", "1MiB", "memory is at least 6MiB"},
		{"limits.cpu", "0,5", "is not a number: write it like 0.5 or 2"},
		{"limits.cpu", "NaN", "cpu is a number of cores"},
		{"processes.worker.limits.pids", "2", "from 5 to 512"},
		{"stop.drain", "2h", "drain and grace are at most 1h"},
		{"sleep.after", "1s", "after 1m at the earliest"},
		{"settings", `{"health":{"way":"x"}}`, `unknown field &#34;way&#34;`},
		{"settings", `{"health":{"failures":"x"}}`, "The field health.failures cannot be a string"},
		{"settings", `{</textarea><b>`, "This cannot be read as settings"},
		{"settings", `{} {}`, "there is something behind it"},
	} {
		form := h.settingsForm(page)
		if test.name == "settings" {
			form = url.Values{"revision": form["revision"]}
		}
		form.Set(test.name, test.value)
		form.Set("step", "deploy")
		_, status, answer := h.send(path, form)
		if status != http.StatusBadRequest {
			t.Errorf("%s %q: %d", test.name, test.value, status)
		}
		escaped := strings.NewReplacer(`"`, "&#34;", "<", "&lt;", ">", "&gt;").Replace(test.value)
		h.holds(answer, test.says, escaped, `role="alert"`)
		if strings.Contains(answer, "<script>") || strings.Contains(answer, "<b>") {
			t.Errorf("%q became markup", test.value)
		}
	}
	form := h.settingsForm(page)
	form.Set("health.interval", "a")
	form.Set("limits.memory", "b")
	_, _, page = h.send(path, form)
	if got := strings.Count(page, `<p class="wrong" id="`); got != 2 || !strings.Contains(page, "2 fields cannot be read") {
		t.Errorf("two fields that cannot be read, %d are named", got)
	}
	if app := h.app(); app.Health != (paas.Health{}) || app.Limits != (paas.Limits{}) {
		t.Errorf("stored %+v", app)
	}
}

// TestSettingsAsTextReachEverything that the API can set.
func TestSettingsAsTextReachEverything(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	path := projectPath(h, "settings")
	_, _, page := h.visit(path)
	form := url.Values{"revision": h.settingsForm(page)["revision"], "step": {"save"}, "settings": {`{"cron":[{"schedule":"@daily","command":"tidy"}],"volumes":[{"name":"data","path":"/data","size":"1GiB"}],"files":{"readOnly":true},"processes":{"web":{"count":2}}}`}}
	if got := h.posted(path, form); !strings.Contains(got, "settings-later") {
		t.Errorf("saved: %s", got)
	}
	app := h.app()
	if len(app.Cron) != 1 || len(app.Volumes) != 1 || !app.Files.ReadOnly || *app.Processes["web"].Count != 2 {
		t.Errorf("stored %+v", app)
	}
	_, _, page = h.visit(path)
	again := h.settingsForm(page)
	again.Set("limits.memory", "64MiB")
	again.Set("step", "save")
	h.posted(path, again)
	if after := h.app(); len(after.Cron) != 1 || len(after.Volumes) != 1 || *after.Processes["web"].Count != 2 || after.Limits.Memory != 64<<20 {
		t.Errorf("the fields lose what they do not show: %+v", after)
	}
}

func TestSomebodyElsesSettingsAreNotOverwritten(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	path := projectPath(h, "settings")
	_, _, page := h.visit(path)
	_, err := h.platform.UpdateProject(t.Context(), h.ada, h.running.ID, paas.ProjectChange{App: &paas.App{Limits: paas.Limits{Memory: 80 << 20}}, Later: true})
	h.must(err)
	form := h.settingsForm(page)
	form.Set("release", "true")
	form.Set("step", "save")
	_, status, page := h.send(path, form)
	if status != http.StatusConflict || h.app().Limits.Memory != 80<<20 {
		t.Errorf("%d, stored %+v", status, h.app())
	}
	h.holds(page, "were changed in the meantime", "Set to <code>80MiB</code> in the meantime", `name="release" value="true"`)
	form = h.settingsForm(page)
	form.Set("step", "save")
	if got := h.posted(path, form); !strings.Contains(got, "settings-later") || h.app().Release != "true" {
		t.Errorf("after a look: %s, stored %+v", got, h.app())
	}
}

func TestNameAndBranch(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	path := projectPath(h, "settings")
	for _, test := range []struct{ field, value, says string }{
		{"name", `Bad "name"<i>`, "lower-case letters"}, {"name", "failing", "of this name already"}, {"branch", "--x", "is not the name of a branch"}, {"branch", "nowhere", "push it first"},
	} {
		_, status, page := h.send(path+"/"+test.field, url.Values{test.field: {test.value}})
		if status != http.StatusBadRequest && status != http.StatusConflict {
			t.Errorf("%s %q: %d", test.field, test.value, status)
		}
		h.holds(page, test.says, strings.NewReplacer(`"`, "&#34;", "<", "&lt;", ">", "&gt;").Replace(test.value), `aria-invalid="true"`)
	}
	for field, want := range map[string]string{"name": "other", "branch": "main"} {
		if _, status, page := h.send(path+"/"+field, url.Values{field: {" " + want + " "}}); status != http.StatusOK || !strings.Contains(page, `role="status"`) || !strings.Contains(page, `value="`+want+`"`) {
			t.Errorf("%s: %d", field, status)
		}
	}
}

// keeping is an engine with volumes, one of them in use.
type keeping struct {
	busy
	removed []string
}

func (k *keeping) Volumes(context.Context, paas.ProjectID) ([]paas.VolumeUse, error) {
	return []paas.VolumeUse{{Name: "data", Size: 1 << 30, Used: 5 << 20}, {Name: "used", Size: 1 << 30, Used: 1 << 20, Mounted: true}}, nil
}

func (k *keeping) RemoveVolume(_ context.Context, _ paas.ProjectID, name string) error {
	if name == "used" {
		return paas.Errorf(paas.Conflict, paas.EConflict, "The volume used is in use.")
	}
	k.removed = append(k.removed, name)
	return nil
}

func TestDeletionAsksForTheName(t *testing.T) {
	engine := &keeping{}
	v := newVisitor(t, func(o *paas.Options) { o.Engine = engine })
	v.login()
	project := v.project("hello")
	v.env(project, paas.Env{"A": "1"})
	path := "/dashboard/" + string(project.ID)
	_, _, page := v.visit(path + "/settings")
	v.holds(page, "5.0 MiB of 1.0 GiB", "in use", `href="`+path+`/delete"`)
	for _, test := range []struct {
		volume, confirm string
		status          int
		says            string
	}{
		{"data", "dat", 400, "This is not its name. Type data to delete it."}, {"used", "used", 409, "The volume used is in use."}, {"none", "none", 404, "The project has no volume"}, {"", "", 404, "The project has no volume"},
	} {
		_, status, page := v.send(path+"/settings/volume", url.Values{"volume": {test.volume}, "confirm": {test.confirm}})
		if status != test.status || len(engine.removed) != 0 {
			t.Errorf("%+v: %d, removed %v", test, status, engine.removed)
		}
		v.holds(page, test.says)
	}
	if at, _, _ := v.send(path+"/settings/volume", url.Values{"volume": {"data"}, "confirm": {"data"}}); at != path+"/settings?done=volume" || fmt.Sprint(engine.removed) != "[data]" {
		t.Errorf("%s, removed %v", at, engine.removed)
	}

	_, _, page = v.visit(path + "/delete")
	v.holds(page, v.platform.ProjectURL(project.ID), "no container runs now", "<code>data</code> (5.0 MiB)", "1 variable,", "of disk become free")
	if _, status, page := v.send(path+"/delete", url.Values{"confirm": {"hell<o>"}}); status != 400 || !strings.Contains(page, "hell&lt;o&gt;") || !strings.Contains(page, "Type hello to delete it") {
		t.Errorf("a wrong name: %d", status)
	}
	if _, status, _ := v.visit(path); status != http.StatusOK {
		t.Error("the project is gone")
	}
	if at, _, _ := v.send(path+"/delete", url.Values{"confirm": {"hello"}}); at != "/dashboard?done=deleted" {
		t.Errorf("deleted: %s", at)
	}
	if _, status, _ := v.visit(path); status != http.StatusNotFound {
		t.Errorf("after the deletion: %d", status)
	}
}

// TestOthersSettings are not there for strangers, and open to administrators with the owner's name.
func TestOthersSettings(t *testing.T) {
	v := newVisitor(t)
	project := v.project("hello")
	path := "/dashboard/" + string(project.ID)
	_, err := v.platform.CreateUser(t.Context(), paas.NewUser{Username: "eve", Email: "eve@example.com", Password: password})
	v.must(err)
	v.send("/login", url.Values{"email": {"eve@example.com"}, "password": {password}})
	for _, page := range []string{"/settings", "/delete", "/env", ""} {
		if _, status, _ := v.visit(path + page); status != http.StatusNotFound {
			t.Errorf("%s for a stranger: %d", page, status)
		}
	}
	for _, form := range []string{"/settings", "/settings/name", "/settings/branch", "/settings/volume", "/delete"} {
		if _, status, _ := v.send(path+form, url.Values{"name": {"mine"}, "confirm": {"hello"}, "volume": {"data"}}); status != http.StatusNotFound {
			t.Errorf("%s by a stranger: %d", form, status)
		}
	}
	_, err = v.platform.SetAdmin(t.Context(), "eve", true)
	v.must(err)
	for _, page := range []string{"/settings", "/delete", "/env", ""} {
		_, status, text := v.visit(path + page)
		if status != http.StatusOK || !strings.Contains(text, "</span> ada</p>") {
			t.Errorf("%s for an administrator: %d, without its owner's name", page, status)
		}
	}
}

// TestSettingsInABrowser changes settings, renames and deletes with scripts, and without.
func TestSettingsInABrowser(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %t", scripts), func(t *testing.T) {
			h := newInhabited(t, plainWords)
			tab := browsertest.New(t).Tab()
			if !scripts {
				tab.WithoutScripts()
			}
			h.enter(tab)
			path := projectPath(h, "settings")
			tab.Visit(h.base + path)
			tab.Fill(`[id="limits.memory"]`, "256MiB")
			tab.Send(".settings button[value=save]")
			tab.Shows("Stored. The next deployment takes it along.")
			if got := h.app().Limits.Memory; got != 256<<20 {
				t.Errorf("stored %s", got)
			}
			tab.Fill("#name", "other")
			tab.Send(".one button")
			tab.Shows("The project has its new name.")
			tab.Send(".button.warns")
			tab.Fill("#confirm", "other")
			tab.Send("form .danger")
			tab.Shows("The project is deleted with all of it.")
			if _, err := h.store.Project(t.Context(), h.running.ID); !paas.IsKind(err, paas.NotFound) {
				t.Errorf("after the deletion: %v", err)
			}
		})
	}
}
