package ui_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
)

// lacks holds a page to not showing texts.
func (v *visitor) lacks(page string, texts ...string) {
	v.t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			v.t.Errorf("the page has %q:\n%s", text, page)
		}
	}
}

// stranger holds pages of a project to not being there for another user.
func (v *visitor) stranger(pages ...string) {
	v.t.Helper()
	if _, err := v.platform.CreateUser(v.t.Context(), paas.NewUser{Username: "eve", Email: "eve@example.com", Password: password}); err != nil {
		v.t.Fatal(err)
	}
	v.send("/logout", nil)
	for _, page := range pages {
		if path, _, _ := v.visit(page); !strings.HasPrefix(path, "/login?next=") {
			v.t.Errorf("nobody gets %s at %s", page, path)
		}
	}
	if path, _, _ := v.send("/login", url.Values{"email": {"eve@example.com"}, "password": {password}}); path != "/dashboard" {
		v.t.Fatalf("eve logged in to %s", path)
	}
	for _, page := range pages {
		if _, status, text := v.visit(page); status != http.StatusNotFound {
			v.t.Errorf("a stranger gets %s with %d:\n%s", page, status, text)
		}
	}
}

func TestHistoryOfDeployments(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	path := "/dashboard/" + string(project.ID) + "/deployments"
	_, status, page := v.visit(path)
	if status != http.StatusOK {
		t.Errorf("%d", status)
	}
	v.holds(page, "Nothing was deployed yet", `href="/dashboard/`+string(project.ID)+`"`)

	for n := 1; n <= 65; n++ {
		created := time.Now().Add(time.Duration(n-70) * time.Hour)
		begun, built, live, ended := created.Add(200*time.Millisecond), created.Add(3*time.Second), created.Add(4*time.Second), created.Add(time.Hour)
		d := paas.Deployment{
			Project: project.ID, State: paas.Superseded, Reason: paas.ReasonPush, By: v.ada.ID, Branch: "main", Commit: "c0ffee0123456789",
			Note: paas.CommitNote{Subject: fmt.Sprintf("Change <b>%d</b>", n), Author: "Grace"}, CreatedAt: created, BegunAt: &begun, BuiltAt: &built, LiveAt: &live, EndedAt: &ended,
		}
		if n == 64 {
			d.State, d.LiveAt, d.Diagnosis = paas.Failed, nil, &paas.Diagnosis{Code: paas.ENoPort, Message: "it <never> listened."}
		}
		_, err := v.store.CreateDeployment(t.Context(), d)
		v.must(err)
	}
	_, _, page = v.visit(path)
	v.holds(page, `href="`+path+`/65"`, `href="`+path+`/36"`, `href="`+path+`?before=36"`, "Change &lt;b&gt;65&lt;/b&gt;", "<bdi>main</bdi> by ada", "<code>c0ffee0</code>",
		"E_NO_PORT", "it &lt;never&gt; listened.", "4.0 s, live for 59 min 56 s", `<rect class="phase-building" x="5%" width="70%"`, `title="`)
	v.lacks(page, `/35"`, ">Newest<", "Change <b>")
	_, _, page = v.visit(path + "?before=36")
	v.holds(page, `href="`+path+`/35"`, `href="`+path+`?before=6"`, `href="`+path+`">`)
	_, _, page = v.visit(path + "?before=6")
	v.holds(page, `href="`+path+`/5"`, `href="`+path+`/1"`)
	v.lacks(page, "?before=")
	for _, odd := range []string{"?before=-1", "?before=x", "?before=0"} {
		_, status, page = v.visit(path + odd)
		if status != http.StatusOK || !strings.Contains(page, path+`/65"`) {
			t.Errorf("%s: %d", odd, status)
		}
	}
	v.stranger(path, path+"/1")
}

func TestPageOfADeployment(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	now := time.Now()
	make := func(n int, state paas.State, change func(*paas.Deployment)) {
		created := now.Add(time.Duration(n-10) * time.Hour)
		begun, built, live, ended := created.Add(200*time.Millisecond), created.Add(3*time.Second), created.Add(4*time.Second), created.Add(time.Hour)
		d := paas.Deployment{
			Project: project.ID, State: state, Reason: paas.ReasonPush, By: v.ada.ID, Branch: "main<i>", Commit: "c0ffee0123456789", Note: paas.CommitNote{Subject: "Say <hello>", Author: "Grace <i>"},
			Image: paas.Image{Ref: paas.ImageRef(fmt.Sprintf("image@sha256:%d", n))}, Env: paas.Env{"KEPT": "1", "SECRET": "s3cr3t"}, Formation: paas.Formation{"web": 1},
			CreatedAt: created, BegunAt: &begun, BuiltAt: &built, LiveAt: &live, EndedAt: &ended,
		}
		change(&d)
		_, err := v.store.CreateDeployment(t.Context(), d)
		v.must(err)
	}
	make(1, paas.Superseded, func(*paas.Deployment) {})
	make(2, paas.Failed, func(d *paas.Deployment) {
		d.BuiltAt, d.LiveAt, d.Env, d.Diagnosis = nil, nil, nil, &paas.Diagnosis{Code: paas.EBuildFailed, Message: "it <broke>."}
	})
	make(3, paas.Live, func(d *paas.Deployment) {
		d.EndedAt, d.Env, d.Formation = nil, paas.Env{"KEPT": "1", "SECRET": "another", "NEW": "s3cr3t"}, paas.Formation{"web": 2}
	})
	make(4, paas.Building, func(d *paas.Deployment) { d.By, d.BuiltAt, d.LiveAt, d.EndedAt, d.Env = "", nil, nil, nil, nil })
	path := "/dashboard/" + string(project.ID) + "/deployments/"

	_, status, page := v.visit(path + "1")
	if status != http.StatusOK {
		t.Errorf("%d", status)
	}
	v.holds(page, "<title>v1 · hello", "Say &lt;hello&gt;", "main&lt;i&gt;", "Grace &lt;i&gt;", `action="`+path+`1/rollback"`, "queued <b>0.2 s</b>", "building <b>2.8 s</b>", "starting <b>1.0 s</b>", "live <b>59 min 56 s</b>", "push by ada")
	v.lacks(page, "Changed since", "/cancel", "s3cr3t", "Say <hello>")
	_, _, page = v.visit(path + "2")
	v.holds(page, "E_BUILD_FAILED", "it &lt;broke&gt;.", `class="state failed"`)
	v.lacks(page, "Changed since", "/rollback", "/cancel")
	_, _, page = v.visit(path + "3")
	v.holds(page, `Changed since <a href="`+path+`1">v1</a>`, "a new image", "web=1 → web=2", "New variables: <code>NEW</code>", "Changed variables: <code>SECRET</code>", `action="/dashboard/`+string(project.ID)+`/deploy"`)
	v.lacks(page, "s3cr3t", "another", "KEPT", "/rollback", "/cancel", "Removed variables")
	_, _, page = v.visit(path + "4")
	v.holds(page, `action="`+path+`4/cancel"`, "so far", `data-every="`, `data-watch="project/`+string(project.ID)+`"`)
	v.lacks(page, "/rollback", "Changed since", " by ada")
	for _, missing := range []string{"5", "0", "-1", "x", "1e0", "99999999999999999999"} {
		if _, status, _ := v.visit(path + missing); status != http.StatusNotFound {
			t.Errorf("deployment %s: %d", missing, status)
		}
	}
	v.stranger(path+"1", path+"4")
	for _, form := range []string{"1/rollback", "4/cancel"} {
		if _, status, _ := v.send(path+form, nil); status != http.StatusNotFound {
			t.Errorf("a stranger sends %s: %d", form, status)
		}
	}
}

func TestDeploymentsAreRolledBackAndCanceledByForms(t *testing.T) {
	v := newVisitor(t, func(o *paas.Options) { o.Builder = paastest.Builder{} })
	v.login()
	project := v.project("hello")
	at := time.Now().Add(-time.Hour)
	for n, state := range []paas.State{paas.Superseded, paas.Live} {
		_, err := v.store.CreateDeployment(t.Context(), paas.Deployment{
			Project: project.ID, State: state, Reason: paas.ReasonPush, By: v.ada.ID, Branch: "main", Commit: "c0ffee", Image: paas.Image{Ref: paas.ImageRef(fmt.Sprint("image", n))},
			Env: paas.Env{}, CreatedAt: at, BuiltAt: &at, LiveAt: &at,
		})
		v.must(err)
	}
	path := "/dashboard/" + string(project.ID) + "/deployments/"
	where, status, page := v.send(path+"1/rollback", nil)
	if where != path+"3" || status != http.StatusOK {
		t.Fatalf("after a rollback: %s with %d\n%s", where, status, page)
	}
	v.holds(page, `back to <a href="`+path+`1">v1</a>`)
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(page, `class="state live"`); _, _, page = v.visit(path + "3") {
		if time.Now().After(deadline) {
			t.Fatalf("it did not go live:\n%s", page)
		}
	}
	if _, status, page = v.send(path+"3/cancel", nil); status != http.StatusConflict {
		t.Errorf("cancel what is live: %d", status)
	}
	v.holds(page, "v3 is live: only a deployment that is queued, building or starting can be canceled.")
	if _, status, _ = v.send(path+"9/rollback", nil); status != http.StatusNotFound {
		t.Errorf("back to what is not there: %d", status)
	}
}
