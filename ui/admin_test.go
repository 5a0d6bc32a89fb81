package ui_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// newAdministrator is ada as an administrator of a platform with grace, logged in.
func newAdministrator(t *testing.T) *visitor {
	v := newVisitor(t)
	v.administered(plainAccounts)
	v.login()
	return v
}

func TestAdministrationIsForAdministratorsAlone(t *testing.T) {
	v := newVisitor(t)
	pages := 0
	paths := func(each func(route string, path string)) {
		for _, route := range v.server.Routes() {
			if strings.HasPrefix(route.Path, "/admin") {
				pages++
				each(route.Method, strings.NewReplacer(":username", "ada", ":invite", "i1", ":part", "limits").Replace(route.Path))
			}
		}
	}
	paths(func(method, path string) {
		if method == http.MethodGet {
			if at, _, _ := v.visit(path); !strings.HasPrefix(at, "/login?next=") {
				t.Errorf("nobody gets %s", at)
			}
		}
	})
	v.login()
	paths(func(method, path string) {
		visit := func(path string) (string, int, string) { return v.visit(path) }
		if method == http.MethodPost {
			visit = func(path string) (string, int, string) { return v.send(path, url.Values{"confirm": {"ada"}}) }
		}
		if _, status, page := visit(path); status != http.StatusForbidden || !strings.Contains(page, "Only administrators may do this.") {
			t.Errorf("%s %s: %d", method, path, status)
		}
	})
	if _, _, page := v.visit("/dashboard"); strings.Contains(page, `href="/admin"`) {
		t.Error("who is no administrator is led there")
	}
	if pages < 30 {
		t.Errorf("only %d", pages)
	}
}

func TestAdminOverview(t *testing.T) {
	v := newAdministrator(t)
	project := v.project("hello")
	v.deployment(project, paas.Failed, nil)
	_, _, page := v.visit("/admin")
	v.holds(page, "hello of ada failed: its first version never got live.", `href="/dashboard/`+string(project.ID)+`"`, "A mail (reset) to grace@example.com could not be sent: 550 5.1.1",
		"The disk has 1.5 GiB free.", "1.37", "of 4 cores", "7.0 GiB", "of 16.0 GiB", "Images and build caches", "1 failed", "<b>database</b>", "Looked <time")
	v.sends("/admin/doctor", nil, 200, "Looked again.")
	v.recorded("doctor", "", paas.AuditDone)
	v.sends("/admin/doctor/repair", nil, 200, "Repaired what is safe to")
	v.recorded("repair", "", paas.AuditDone)
}

func TestAdminUsersAreSearched(t *testing.T) {
	v := newAdministrator(t)
	v.project("hello")
	_, _, page := v.visit("/admin/users")
	v.holds(page, `href="/admin/users/ada"`, `href="/admin/users/grace"`, "own limits", "administrator", "Search 2 users", "grace@example.com")
	_, _, page = v.visit("/admin/users?search=GRACE")
	v.holds(page, `href="/admin/users/grace"`, `value="GRACE"`)
	v.lacks(page, `href="/admin/users/ada"`)
	_, _, page = v.visit("/admin/users?search=%3Cb%3E")
	v.holds(page, "No user fits “&lt;b&gt;”.")
	_, _, page = v.visit("/admin/projects?search=hel")
	v.holds(page, "hello", `href="/admin/users/ada"`, "status new")
	_, _, page = v.visit("/admin/projects?search=nothing")
	v.holds(page, "No project fits “nothing”.")
	_, _, page = v.visit("/admin/keys?search=desk")
	v.holds(page, "SHA256:", `href="/admin/users/grace"`, "ssh-ed25519")
}

// TestLongListsSayThatTheyAreCut: a page of thousands of rows helps nobody.
func TestLongListsSayThatTheyAreCut(t *testing.T) {
	v := newAdministrator(t)
	for n := range 203 {
		v.project(fmt.Sprintf("p%d", n))
	}
	_, _, page := v.visit("/admin/projects")
	v.holds(page, "The first 200 of 203", "Search 203 projects")
	if n := strings.Count(page, `<th scope="row">`); n != 200 {
		t.Errorf("%d rows", n)
	}
}

func TestAdminMakesAccounts(t *testing.T) {
	v := newAdministrator(t)
	v.lacks(v.sends("/admin/users", url.Values{"username": {"g"}, "email": {"new@example.com"}, "password": {"a fine day"}, "admin": {"yes"}}, 400, `value="g"`, `value="new@example.com"`, `value="yes" checked`, `id="new-username-wrong"`), "a fine day")
	v.sends("/admin/users", url.Values{"username": {"alan"}, "email": {"alan@example.com"}, "password": {"a fine day"}}, 200, "The account is made.", "<h1>alan</h1>")
	v.recorded("createUser", "alan", paas.AuditDone)
	alan, err := v.platform.UserByName(t.Context(), "alan")
	if err != nil || !alan.Verified || alan.IsAdmin {
		t.Errorf("made %+v, %v", alan, err)
	}
	v.sends("/admin/users", url.Values{"username": {"ALAN"}, "email": {"other@example.com"}, "password": {"a fine day"}}, 409, `value="ALAN"`, `id="new-username-wrong"`)
}

func TestAdminInvites(t *testing.T) {
	v := newAdministrator(t)
	v.sends("/admin/invites", url.Values{"email": {"no address"}}, 400, `id="invite-email-wrong"`, `value="no address"`)
	page := v.sends("/admin/invites", url.Values{"email": {"alan@example.com"}}, 201, "on its way to alan@example.com", "not shown again")
	v.recorded("createInvite", "alan@example.com", paas.AuditDone)
	link := regexp.MustCompile(regexp.QuoteMeta(v.base) + `/register\?invite=[\w-]+`).FindString(page)
	mail := v.caught(paas.MailInvite)
	if link == "" || !strings.HasSuffix(link, mail.Token.Reveal()) {
		t.Errorf("shown is %q", link)
	}
	v.holds(v.sends("/admin/invites", url.Values{"email": {""}}, 201), "An invitation to hand over", "/register?invite=")
	v.holds(v.sends("/admin/invites", url.Values{"email": {""}, "admin": {"yes"}}, 201), "to hand over, as administrator")
	_, _, page = v.visit("/admin/users")
	v.lacks(page, mail.Token.Reveal())
	invites, err := v.platform.Invites(t.Context())
	v.must(err)
	v.sends("/admin/invites/"+string(invites[0].ID)+"/delete", nil, 200, "The invitation is taken back.")
	v.recorded("deleteInvite", string(invites[0].ID), paas.AuditDone)
	if left, err := v.platform.Invites(t.Context()); err != nil || len(left) != len(invites)-1 {
		t.Errorf("left %d of %d, %v", len(left), len(invites), err)
	}
}

func TestAdminChangesAUser(t *testing.T) {
	v := newAdministrator(t)
	_, status, page := v.visit("/admin/users/grace")
	if status != 200 {
		t.Errorf("%d", status)
	}
	v.holds(page, "grace@example.com", `value="2GiB"`, `value="3"`, "Back to the usual limits")
	limits := url.Values{"projects": {"5"}, "memory": {"much"}, "containers": {""}, "builds": {"2"}, "disk": {"20 GB"}}
	v.sends("/admin/users/grace/limits", limits, 400, `value="much"`, `value="20 GB"`, `id="memory-wrong"`)
	limits.Set("memory", "1GiB")
	limits.Set("builds", "two")
	v.sends("/admin/users/grace/limits", limits, 400, `id="builds-wrong"`)
	limits.Set("builds", "-1")
	v.sends("/admin/users/grace/limits", limits, 400, `class="alert"`, "A limit is a number from 1 up")
	limits.Set("builds", "2")
	v.sends("/admin/users/grace/limits", limits, 200, "The limits are set.", `value="5"`, `value="20GiB"`)
	v.recorded("setLimits", "grace", paas.AuditDone)
	if grace, err := v.platform.UserByName(t.Context(), "grace"); err != nil || grace.Limits == nil || *grace.Limits != (paas.UserLimits{Projects: 5, Memory: 1 << 30, Builds: 2, Disk: 20 << 30}) {
		t.Errorf("set %+v, %v", grace.Limits, err)
	}
	v.sends("/admin/users/grace/usual-limits", nil, 200, "The usual ones hold.")
	v.sends("/admin/users/grace/grant", nil, 200, "An administrator from now on.", "Take the administrator’s rights")
	v.recorded("grantAdmin", "grace", paas.AuditDone)
	v.sends("/admin/users/grace/revoke", nil, 200, "No administrator any more", "Make an administrator")
	for _, path := range []string{"/limits", "/usual-limits", "/grant", "/revoke"} {
		v.sends("/admin/users/nobody"+path, limits, 404, "no account with this username")
	}
	v.sends("/admin/users/nobody/delete", url.Values{"confirm": {"nobody"}}, 404, "no account with this username")
}

func TestAdminDeletesAUserByName(t *testing.T) {
	v := newAdministrator(t)
	grace, err := v.platform.UserByName(t.Context(), "grace")
	v.must(err)
	_, err = v.platform.CreateProject(t.Context(), grace, "compiler")
	v.must(err)
	_, _, page := v.visit("/admin/users/grace")
	v.holds(page, "compiler", "Delete grace and all of this")
	v.sends("/admin/users/grace/delete", url.Values{"confirm": {"ada"}}, 400, `id="confirm-wrong"`, "nothing was deleted", "compiler")
	v.recorded("deleteUser", "", paas.EInvalid)
	v.sends("/admin/users/grace/delete", url.Values{"confirm": {"grace"}}, 200, "The account and everything of it is deleted.")
	v.recorded("deleteUser", "grace", paas.AuditDone)
	if _, err := v.platform.UserByName(t.Context(), "grace"); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("afterwards %v", err)
	}
	if projects, err := v.platform.AllProjects(t.Context()); err != nil || len(projects) != 0 {
		t.Errorf("left %v, %v", projects, err)
	}
}

// TestWhoGivesUpTheirRightsIsLoggedOut: at once, and led to the log-in.
func TestWhoGivesUpTheirRightsIsLoggedOut(t *testing.T) {
	v := newAdministrator(t)
	v.sends("/admin/users/grace/grant", nil, 200)
	if path, _, _ := v.send("/admin/users/ada/revoke", nil); !strings.HasPrefix(path, "/login") {
		t.Errorf("led to %s", path)
	}
}

func TestAdminAuditIsPagedAndFiltered(t *testing.T) {
	v := newAdministrator(t)
	_, _, page := v.visit("/admin/audit")
	older := regexp.MustCompile(`/admin/audit\?before=\d+`).FindString(page)
	if rows := strings.Count(page, "<tr>"); rows != 51 || older == "" {
		t.Errorf("%d rows, older at %q", rows, older)
	}
	v.holds(page, "login", "E_QUOTA_MEMORY", "session 1f3a9c04")
	_, _, page = v.visit(older)
	v.holds(page, `href="/admin/audit">Newest`)
	v.lacks(page, "Older")
	_, _, page = v.visit("/admin/audit?user=ada")
	v.holds(page, `value="ada"`, "login", "Show all")
	v.lacks(page, "E_QUOTA_MEMORY")
	_, _, page = v.visit("/admin/audit?target=tCI&user=grace")
	v.holds(page, `value="tCI"`, "before=", "user=grace")
	_, _, page = v.visit("/admin/audit?target=%3Cb%3E")
	v.holds(page, "No change that was recorded fits.", "&lt;b&gt;")
	for _, before := range []string{"x", "0", "-1"} {
		if _, status, page := v.visit("/admin/audit?before=" + before); status != 400 || !strings.Contains(page, "begin at the newest") {
			t.Errorf("%s: %d", before, status)
		}
	}
}

func TestAdminSettingsHideSecrets(t *testing.T) {
	v := newAdministrator(t)
	_, _, page := v.visit("/admin/settings")
	v.holds(page, "server.listen", "127.0.0.1:3000", "mail.smtp.password", "set, not shown", "limits.perUser.memory", "4GiB")
}
