package ui_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// inputs are the hidden fields, the ticked boxes and the text areas of a page's last form, as a browser
// without JavaScript sends them back.
func inputs(page string) url.Values {
	values := url.Values{}
	page = page[strings.LastIndex(page, `action="/dashboard/`):]
	for _, found := range regexp.MustCompile(`(?s)<input type="hidden" name="([^"]*)" value="([^"]*)">|<input type="checkbox" name="([^"]*)" value="([^"]*)" checked>|<textarea id="[^"]*" name="([^"]*)"[^>]*>\n(.*?)</textarea>|<input id="[^"]*" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		for i := 1; i < len(found); i += 2 {
			if found[i] != "" {
				values.Add(found[i], strings.ReplaceAll(html.UnescapeString(found[i+1]), "\n", "\r\n"))
			}
		}
	}
	return values
}

// set gives the nth field of a name a value.
func set(values url.Values, name string, n int, value string) { values[name][n] = value }

func (v *visitor) env(project paas.Project, env paas.Env) {
	v.t.Helper()
	no := false
	_, _, err := v.platform.ChangeEnv(v.t.Context(), v.ada, project.ID, paas.EnvChange{Replace: env, Deploy: &no})
	v.must(err)
}

func (v *visitor) stored(project paas.Project, build bool) string {
	v.t.Helper()
	now, err := v.store.Project(v.t.Context(), project.ID)
	v.must(err)
	if build {
		return strings.Join(now.BuildEnv.Lines(), "|")
	}
	return strings.Join(now.Env.Lines(), "|")
}

// TestVariablesAreChangedAfterALook goes the whole way of a change without scripts: form, review, and
// only then the store.
func TestVariablesAreChangedAfterALook(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	v.env(project, paas.Env{"A": "1", "B": "two\nlines", "C": "3"})
	path := "/dashboard/" + string(project.ID) + "/env"
	_, _, page := v.visit(path)
	v.holds(page, "3 variables", ">A</p>", ">B</p>", ">C</p>", "two\nlines</textarea>")
	form := inputs(page)
	set(form, "value", 0, "<b>one</b>")
	form.Set("remove", "C")
	set(form, "new-name", 0, " D ")
	set(form, "new-value", 0, "x\r\ny")
	_, status, page := v.send(path, form)
	if status != http.StatusOK || v.stored(project, false) != "A=1|B=two\nlines|C=3" {
		t.Errorf("a review stored something: %d %s", status, v.stored(project, false))
	}
	v.holds(page, `<li class="added"><span class="sign" aria-hidden="true"></span><code>D</code>`, `<li class="changed"><span class="sign" aria-hidden="true"></span><code>A</code>`, `<li class="removed"><span class="sign" aria-hidden="true"></span><code>C</code>`, "The first deployment takes them along")
	if strings.Contains(page, "<code>B</code>") || strings.Contains(page, "<b>one") || strings.Contains(page, `value="deploy"`) {
		t.Errorf("the review says more than what will change, or offers to deploy nothing:\n%s", page)
	}
	review := inputs(page)
	review.Set("step", "edit")
	_, _, page = v.send(path, review)
	v.holds(page, "&lt;b&gt;one&lt;/b&gt;</textarea>", `value="C" checked`, `value="D"`, "x\ny</textarea>")
	_, _, page = v.send(path, inputs(page)) // once more to the review, from the form with all that was typed
	review = inputs(page)
	review.Set("step", "save")
	if at, _, page := v.send(path, review); at != path+"?done=env-later" || !strings.Contains(page, "The next deployment takes it along") {
		t.Errorf("saved to %s", at)
	}
	if got := v.stored(project, false); got != "A=<b>one</b>|B=two\nlines|D=x\ny" {
		t.Errorf("stored %s", got)
	}
}

func TestPastedVariables(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	v.env(project, paas.Env{"A": "1", "B": "2"})
	path := "/dashboard/" + string(project.ID) + "/env"
	paste := func(text, replace string) (int, string) {
		_, _, page := v.visit(path)
		form := inputs(page)
		form.Set("paste", text)
		form.Set("replace", replace)
		_, status, page := v.send(path, form)
		return status, page
	}
	bad := "# mine\r\nexport A=1\r\nnot a line </textarea><b>"
	status, page := paste(bad, "1")
	if status != http.StatusBadRequest {
		t.Errorf("%d", status)
	}
	v.holds(page, "Line 3: this is no NAME=value.", "not a line &lt;/textarea&gt;&lt;b&gt;</textarea>", `name="replace" value="1" checked`, `role="alert"`, `aria-invalid="true"`)

	for _, test := range []struct{ text, replace, changes string }{
		{"A=1\r\nC=3", "", "added C"},
		{"A=one\r\nC=\"3\\r\\n\\u\"", "1", "added C, changed A, removed B"},
		{"# nothing", "1", ""},
		{"A=1\r\nB=2", "1", ""},
	} {
		_, page := paste(test.text, test.replace)
		var got []string
		for _, found := range regexp.MustCompile(`<li class="(added|changed|removed)">.*?<code>(\w+)</code>`).FindAllStringSubmatch(page, -1) {
			got = append(got, found[1]+" "+found[2])
		}
		if strings.Join(got, ", ") != test.changes {
			t.Errorf("%q would change %q, not %q", test.text, got, test.changes)
		}
		if test.changes == "" {
			v.holds(page, "Nothing of this changes anything yet")
		}
	}
	_, page = paste("A=one\r\nC=\"3\\r\\n\u202e\\u\"", "1")
	review := inputs(page)
	review.Set("step", "save")
	v.send(path, review)
	if got := v.stored(project, false); got != "A=one|C=3\r\n\u202e\\u" {
		t.Errorf("stored %q: something was lost on the way through the forms", got)
	}
}

// TestSomebodyElsesChangeIsNotOverwritten at any step of a change, without a word.
func TestSomebodyElsesChangeIsNotOverwritten(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	v.env(project, paas.Env{"A": "1", "B": "1"})
	path := "/dashboard/" + string(project.ID) + "/env"
	_, _, page := v.visit(path)
	form := inputs(page)
	v.env(project, paas.Env{"A": "theirs", "B": "theirs"}) // while the form is open
	set(form, "value", 0, "mine")
	_, _, page = v.send(path, form)
	v.holds(page, "Somebody else changed it since you opened the form", "<code>A</code>")
	if strings.Contains(page, "<code>B</code>") {
		t.Error("a value that nobody touched here would go back to what it was")
	}
	review := inputs(page)
	v.env(project, paas.Env{"A": "theirs again", "B": "theirs"}) // while the review is
	review.Set("step", "save")
	_, status, page := v.send(path, review)
	if status != http.StatusConflict || v.stored(project, false) != "A=theirs again|B=theirs" {
		t.Errorf("%d, stored %s", status, v.stored(project, false))
	}
	v.holds(page, "were changed in the meantime", "<code>A</code>")
	review = inputs(page)
	review.Set("step", "save")
	if at, _, _ := v.send(path, review); at != path+"?done=env-later" || v.stored(project, false) != "A=mine|B=theirs" {
		t.Errorf("after a look at it: %s, stored %s", at, v.stored(project, false))
	}
}

func TestMistakesInVariablesKeepWhatWasTyped(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	v.env(project, paas.Env{"PORT": "80"})
	path := "/dashboard/" + string(project.ID) + "/env"
	_, _, page := v.visit(path)
	for _, test := range []struct {
		change func(url.Values)
		wants  []string
	}{
		{func(f url.Values) { set(f, "value", 0, "eighty") }, []string{"PORT is a number from 1 to 65535.", "eighty</textarea>", "<details open>"}},
		{func(f url.Values) { set(f, "new-name", 0, `1"<i>`); set(f, "new-value", 0, "v") }, []string{"is not a name for an environment variable", `value="1&#34;&lt;i&gt;"`, "v</textarea>"}},
		{func(f url.Values) { set(f, "new-value", 0, "nameless") }, []string{"is not a name", "nameless</textarea>"}},
		{func(f url.Values) { f.Set("paste", "PORT=81"); set(f, "value", 0, "82") }, []string{"PORT is in the pasted text and is changed above", "PORT=81</textarea>", "82</textarea>"}},
		{func(f url.Values) { f["new-name"], f["new-value"] = []string{"X", "X"}, []string{"1", "2"} }, []string{"X is there twice."}},
		{func(f url.Values) { f.Set("paste", strings.Repeat("A", 200)+"=1") }, []string{"at most 128 characters"}},
	} {
		form := inputs(page)
		test.change(form)
		_, status, answer := v.send(path, form)
		if status != http.StatusBadRequest {
			t.Errorf("%v: %d", form, status)
		}
		v.holds(answer, append(test.wants, `role="alert"`)...)
	}
	for _, broken := range []url.Values{
		{"name": {"A"}}, {"new-name": {"A"}}, {"step": {"save"}}, {"step": {"save"}, "change": {`{"A":1}`}, "revision": {"x"}}, {"step": {"deploy"}, "change": {`null`}, "revision": {"x"}},
	} {
		if _, status, _ := v.send(path, broken); status != http.StatusBadRequest {
			t.Errorf("%v: %d", broken, status)
		}
	}
	if got := v.stored(project, false); got != "PORT=80" {
		t.Errorf("stored %s", got)
	}
	form := inputs(page)
	form.Set("step", "more")
	_, _, page = v.send(path, form)
	if got := strings.Count(page, `name="new-name"`); got != 2 {
		t.Errorf("%d lines for more", got)
	}
}

func TestVariablesOfBuilds(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	path := "/dashboard/" + string(project.ID) + "/env"
	_, _, page := v.visit(path + "?build=1")
	form := inputs(page)
	set(form, "new-name", 0, "NPM_TOKEN")
	set(form, "new-value", 0, "s")
	_, _, page = v.send(path, form)
	v.holds(page, "for builds", "build of the next push has them")
	review := inputs(page)
	review.Set("step", "save")
	if at, _, page := v.send(path, review); at != path+"?build=1&done=env-build" || !strings.Contains(page, "NPM_TOKEN") {
		t.Errorf("saved to %s", at)
	}
	if v.stored(project, true) != "NPM_TOKEN=s" || v.stored(project, false) != "" {
		t.Errorf("stored %q and %q", v.stored(project, true), v.stored(project, false))
	}
}

// TestVariablesAreRolledOutWhenThatIsChosen on a running, and on a stopped project.
func TestVariablesAreRolledOutWhenThatIsChosen(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	path := projectPath(h, "env")
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	change := func(value, step string) (*http.Response, string) {
		_, _, page := h.visit(path)
		form := inputs(page)
		set(form, "value", 1, value)
		_, _, page = h.send(path, form)
		review := inputs(page)
		review.Set("step", step)
		response, err := h.PostForm(h.base+path, review)
		h.must(err)
		response.Body.Close()
		return response, page
	}
	answer, page := change("Servus", "save")
	h.holds(page, "Save and deploy", "Save only", "starts the application anew")
	if got := answer.Header.Get("Location"); got != path+"?done=env-later" {
		t.Errorf("stored, to %s", got)
	}
	_, _, page = h.visit(path)
	h.holds(page, "Stored, but not in what runs yet", `action="`+projectPath(h, "deploy")+`"`)
	answer, _ = change("Grüezi", "deploy")
	if got := answer.Header.Get("Location"); got != projectPath(h, "deployments/8") {
		t.Errorf("rolled out, to %s", got)
	}
	h.must(h.platform.Stop(t.Context(), h.ada, h.running.ID))
	answer, page = change("Hallo", "deploy")
	h.holds(page, "The application is stopped", "Save and start")
	if got := answer.Header.Get("Location"); got != projectPath(h, "deployments/9") {
		t.Errorf("started, to %s", got)
	}
}

// TestStoredVariablesThatDidNotRollOut are not shown as if nothing was stored.
func TestStoredVariablesThatDidNotRollOut(t *testing.T) {
	h := newInhabited(t, plainWords)
	h.login()
	h.engine.containers = append(h.engine.containers, paas.Container{ID: "other", Project: h.empty.ID, Process: "web", Index: 1, Running: true})
	limits := paas.UserLimits{Containers: 1}
	_, err := h.platform.SetLimits(t.Context(), "ada", &limits)
	h.must(err)
	path := projectPath(h, "env")
	_, _, page := h.visit(path)
	form := inputs(page)
	set(form, "value", 1, "Servus")
	_, _, page = h.send(path, form)
	review := inputs(page)
	review.Set("step", "deploy")
	_, status, page := h.send(path, review)
	if status != http.StatusForbidden || !strings.Contains(h.stored(h.running, false), "GREETING=Servus") {
		t.Errorf("%d, stored %s", status, h.stored(h.running, false))
	}
	h.holds(page, "The variables are stored, but what runs does not have them", "Stored, but not in what runs yet")
}

// TestOthersVariables are not there for strangers; administrators set them without seeing any.
func TestOthersVariables(t *testing.T) {
	v := newVisitor(t)
	project := v.project("hello")
	v.env(project, paas.Env{"PIN": "canary", "B": "1"})
	path := "/dashboard/" + string(project.ID) + "/env"
	_, err := v.platform.CreateUser(t.Context(), paas.NewUser{Username: "eve", Email: "eve@example.com", Password: password})
	v.must(err)
	v.send("/login", url.Values{"email": {"eve@example.com"}, "password": {password}})
	if _, status, _ := v.visit(path); status != http.StatusNotFound {
		t.Errorf("a stranger: %d", status)
	}
	if _, status, _ := v.send(path, url.Values{"new-name": {"A"}, "new-value": {"1"}}); status != http.StatusNotFound {
		t.Errorf("a stranger: %d", status)
	}
	_, err = v.platform.SetAdmin(t.Context(), "eve", true)
	v.must(err)
	_, _, page := v.visit(path + "?show=1")
	v.holds(page, "PIN", "for ada alone", "New value")
	form := inputs(page)
	set(form, "value", 1, "canary") // a guess
	_, _, review := v.send(path, form)
	v.holds(review, `<li class="changed"><span class="sign" aria-hidden="true"></span><code>PIN</code>`)
	if strings.Contains(page, "canary") || strings.Contains(review, "<code>B</code>") {
		t.Errorf("an administrator sees values, or changes what was left empty:\n%s\n%s", page, review)
	}
	decided := inputs(review)
	decided.Set("step", "save")
	if _, status, _ := v.send(path, decided); status != http.StatusOK || v.stored(project, false) != "B=1|PIN=canary" {
		t.Errorf("%d, stored %s", status, v.stored(project, false))
	}
}
