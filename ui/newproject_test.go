package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestNewProject(t *testing.T) {
	v := newVisitor(t, func(o *paas.Options) { o.Limits.Projects = 2 })
	v.login()
	_, _, page := v.visit("/dashboard/new")
	v.holds(page, `action="/dashboard/new"`, `name="name"`)
	at, status, page := v.send("/dashboard/new", url.Values{"name": {" space-way "}})
	if status != http.StatusOK || !strings.HasSuffix(at, "?done=created") {
		t.Fatalf("%s, %d", at, status)
	}
	id := strings.TrimSuffix(strings.TrimPrefix(at, "/dashboard/"), "?done=created")
	v.holds(page, "The project is there.", "git remote add paastech ssh://git@127.0.0.1:2222/"+id+".git", "git push paastech HEAD:main", "paastech login --server "+v.base, "paastech keys add", `href="/dashboard/profile#keys"`, "<h1>space-way</h1>")
	for name, says := range map[string]string{"space-way": "already; choose another name", `Space"<b>`: "lower-case letters", "": "lower-case letters"} {
		_, status, page := v.send("/dashboard/new", url.Values{"name": {name}})
		if status != http.StatusConflict && status != http.StatusBadRequest {
			t.Errorf("%q: %d", name, status)
		}
		v.holds(page, says, `id="name-wrong"`, `aria-invalid="true"`, `value="`+strings.NewReplacer(`"`, "&#34;", "<", "&lt;", ">", "&gt;").Replace(name)+`"`)
	}
	v.project("second")
	_, status, page = v.send("/dashboard/new", url.Values{"name": {"third"}})
	if status != http.StatusForbidden {
		t.Errorf("one more than the limit: %d", status)
	}
	v.holds(page, "2 projects", `value="third"`)

	_, err := v.platform.AddKey(t.Context(), v.ada.ID, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMS2xLtxxxkq6qhkGQ0v9VX0mhM0hV3a2jQvZ7o2bFYl", "laptop")
	v.must(err)
	if _, _, page = v.visit("/dashboard/" + id); strings.Contains(page, "keys add") || strings.Contains(page, "profile#keys") {
		t.Error("somebody with a key is told to add one")
	}
}

// TestOthersNewProject tells an administrator, who has no git access, nothing to push with.
func TestOthersNewProject(t *testing.T) {
	v := newVisitor(t)
	project := v.project("hello")
	_, err := v.platform.CreateUser(t.Context(), paas.NewUser{Username: "eve", Email: "eve@example.com", Password: password, IsAdmin: true})
	v.must(err)
	v.send("/login", url.Values{"email": {"eve@example.com"}, "password": {password}})
	_, _, page := v.visit("/dashboard/" + string(project.ID))
	v.holds(page, "Only ada can push to this project")
	if strings.Contains(page, "git push") {
		t.Error("commands that cannot work are shown")
	}
}
