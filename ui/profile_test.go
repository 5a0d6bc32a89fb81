package ui_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// sends sends a form and holds the answer to a status, and to what its page has.
func (v *visitor) sends(path string, form url.Values, status int, texts ...string) string {
	v.t.Helper()
	_, got, page := v.send(path, form)
	if got != status {
		v.t.Errorf("%s %v: %d, not %d", path, form, got, status)
	}
	v.holds(page, texts...)
	return page
}

// recorded holds that the newest entry of the audit is this.
func (v *visitor) recorded(action, target string, result paas.Code) {
	v.t.Helper()
	entries, err := v.platform.Audit(v.t.Context(), paas.AuditQuery{Limit: 1})
	v.must(err)
	if e := entries[0]; e.Action != action || e.Target != target || e.Result != result || e.Name == "" || !strings.HasPrefix(e.With, "session ") {
		v.t.Errorf("recorded is %+v, not %s of %q with %s", e, action, target, result)
	}
}

func TestProfileChangesNameAndAddress(t *testing.T) {
	v := newVisitor(t)
	v.login()
	_, _, page := v.visit("/dashboard/profile")
	v.holds(page, `value="ada"`, `value="ada@example.com"`, "Member since")
	page = v.sends("/dashboard/profile/account", url.Values{"username": {"a b"}, "email": {"new@example.com"}}, 400, `value="a b"`, `value="new@example.com"`, `id="username-wrong"`, `aria-invalid="true" autofocus`)
	v.lacks(page, `class="alert"`)
	v.recorded("changeProfile", "", paas.EInvalid)
	v.sends("/dashboard/profile/account", url.Values{"username": {"ada"}, "email": {"new@example.com"}}, 403, `id="account-password-wrong"`, "The current password is wrong.")
	page = v.sends("/dashboard/profile/account", url.Values{"username": {"countess"}, "email": {"new@example.com"}, "currentPassword": {password}}, 200, "The new address counts when", "<b>new@example.com</b> becomes your address", `value="countess"`, `value="ada@example.com"`)
	v.lacks(page, password)
	v.recorded("changeProfile", "", paas.AuditDone)
	if mail := v.caught(paas.MailAddress); mail.To != "new@example.com" {
		t.Errorf("mailed to %s", mail.To)
	}
	_, err := v.platform.CreateUser(t.Context(), paas.NewUser{Username: "grace", Email: "grace@example.com", Password: password})
	v.must(err)
	v.sends("/dashboard/profile/account", url.Values{"username": {"Grace"}, "email": {"ada@example.com"}}, 409, `value="Grace"`, `id="username-wrong"`)
}

// TestProfilePassword: all other log-ins end, and this one goes on as a new one.
func TestProfilePassword(t *testing.T) {
	v := newVisitor(t)
	v.login()
	base, _ := url.Parse(v.base)
	before := v.Jar.Cookies(base)[0].Value
	other, _, err := v.platform.Login(t.Context(), paas.LoginAttempt{Email: "ada@example.com", Password: password})
	v.must(err)
	change := func(current, next, again string) url.Values {
		return url.Values{"currentPassword": {current}, "password": {next}, "passwordVerification": {again}}
	}
	for id, form := range map[string]url.Values{
		"current-wrong": change("not it", "a fine day", "a fine day"), "new-wrong": change(password, "short", "short"), "again-wrong": change(password, "a fine day", "a fine night"),
	} {
		_, status, page := v.send("/dashboard/profile/password", form)
		if status != 400 && status != 403 {
			t.Errorf("%v: %d", form, status)
		}
		v.holds(page, `id="`+id+`"`)
		v.lacks(page, "a fine", `value="short"`, "not it", "correct horse")
	}
	v.sends("/dashboard/profile/password", change(password, "a fine day", "a fine day"), 200, "All your other log-ins have ended.")
	v.recorded("changePassword", "", paas.AuditDone)
	if after := v.Jar.Cookies(base)[0].Value; after == before {
		t.Error("the log-in is still the old one")
	}
	if _, err := v.platform.Session(t.Context(), other.ID); !paas.IsKind(err, paas.Unauthenticated) {
		t.Errorf("the other log-in: %v", err)
	}
	sessions, err := v.platform.Sessions(t.Context(), v.ada.ID)
	if err != nil || len(sessions) != 1 || sessions[0].Origin.Address != "127.0.0.1" {
		t.Errorf("log-ins %+v, %v", sessions, err)
	}
	if path, _, _ := v.visit("/dashboard"); path != "/dashboard" {
		t.Errorf("led to %s", path)
	}
}

func TestProfileKeys(t *testing.T) {
	v := newVisitor(t)
	v.login()
	_, _, page := v.visit("/dashboard/profile")
	v.holds(page, "No key yet", "ssh-keygen -t ed25519", `<details class="more" open>`)
	v.sends("/dashboard/profile/keys", url.Values{"value": {"no <key>"}, "name": {"desk"}}, 400, "no &lt;key&gt;", `value="desk"`, `id="key-wrong"`, "This is not a public key")
	secret := "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA"
	v.lacks(v.sends("/dashboard/profile/keys", url.Values{"value": {secret}}, 400, `id="key-wrong"`), "b3BlbnNz")
	v.sends("/dashboard/profile/keys", url.Values{"value": {adasKey + "\r\n"}}, 200, "The key is added.", "ada@laptop", "ssh-ed25519", "SHA256:")
	v.recorded("addKey", "", paas.AuditDone)
	v.sends("/dashboard/profile/keys", url.Values{"value": {adasKey}}, 409, `class="alert"`, "is registered already")
	keys, err := v.platform.Keys(t.Context(), v.ada.ID)
	v.must(err)
	v.sends("/dashboard/profile/keys/00000000-0000-4000-8000-000000000000/remove", nil, 404)
	v.sends("/dashboard/profile/keys/"+string(keys[0].ID)+"/remove", nil, 200, "The key is removed.", "No key yet")
	v.recorded("removeKey", string(keys[0].ID), paas.AuditDone)
}

// TestTokensAreShownOnce: on the page that answers, which nobody keeps, and in no address.
func TestTokensAreShownOnce(t *testing.T) {
	v := newVisitor(t)
	project := v.project("hello")
	v.login()
	v.sends("/dashboard/profile/tokens", url.Values{"name": {""}, "scope": {"deploy"}}, 400, `id="token-name-wrong"`)
	v.sends("/dashboard/profile/tokens", url.Values{"name": {"CI"}, "scope": {"all"}}, 400, `value="CI"`, "scope is read, deploy or admin")
	v.sends("/dashboard/profile/tokens", url.Values{"name": {"CI"}, "scope": {"read"}, "expiresAt": {"2020-01-01"}}, 400, `id="token-expires-wrong"`, `value="2020-01-01"`, `value="read" checked`)
	v.sends("/dashboard/profile/tokens", url.Values{"name": {"CI"}, "scope": {"read"}, "expiresAt": {"soon"}}, 400, `id="token-expires-wrong"`)
	v.sends("/dashboard/profile/tokens", url.Values{"name": {"CI"}, "scope": {"read"}, "project": {"00000000-0000-4000-8000-000000000000"}}, 404, "no such project")
	day := time.Now().UTC().AddDate(0, 1, 0)
	form := url.Values{"name": {"CI <1>"}, "scope": {"deploy"}, "project": {string(project.ID)}, "expiresAt": {day.Format(time.DateOnly)}}
	response, err := v.PostForm(v.base+"/dashboard/profile/tokens", form)
	path, status, page := v.read(response, err)
	secret := regexp.MustCompile(`pt_[a-z0-9]{20,}`).FindString(page)
	if status != http.StatusCreated || secret == "" || path != "/dashboard/profile/tokens" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %d, %q, %v", path, status, secret, response.Header)
	}
	v.holds(page, "it is not shown again", "CI &lt;1&gt;", "For hello only", ">"+day.Format("2 January 2006")+"</time>")
	tokens, err := v.platform.Tokens(t.Context(), v.ada.ID)
	if err != nil || len(tokens) != 1 || tokens[0].Scope != paas.ScopeDeploy || tokens[0].Project != project.ID || tokens[0].ExpiresAt.Format(time.DateTime) != day.Format(time.DateOnly)+" 23:59:59" {
		t.Errorf("made %+v, %v", tokens, err)
	}
	if _, user, err := v.platform.Token(t.Context(), paas.Secret(secret)); err != nil || user.ID != v.ada.ID {
		t.Errorf("the secret shown is %s's, %v", user.Username, err)
	}
	if _, _, again := v.visit("/dashboard/profile"); strings.Contains(again, secret) {
		t.Error("the secret is shown again")
	}
	v.sends("/dashboard/profile/tokens/"+string(tokens[0].ID)+"/revoke", nil, 200, "The token works no more.", "No token yet")
	v.recorded("deleteToken", string(tokens[0].ID), paas.AuditDone)
	if _, _, err := v.platform.Token(t.Context(), paas.Secret(secret)); !paas.IsKind(err, paas.Unauthenticated) {
		t.Errorf("after its end: %v", err)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	v := newVisitor(t)
	v.login()
	login := func(email, agent string) paas.SessionID {
		session, _, err := v.platform.Login(t.Context(), paas.LoginAttempt{Email: email, Password: password, Agent: agent})
		v.must(err)
		return session.ID
	}
	_, err := v.platform.CreateUser(t.Context(), paas.NewUser{Username: "grace", Email: "grace@example.com", Password: password})
	v.must(err)
	phone, laptop, graces := login("ada@example.com", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"), login("ada@example.com", "a <program>"), login("grace@example.com", "x")
	_, _, page := v.visit("/dashboard/profile")
	v.holds(page, "this one", "127.0.0.1", "Safari on iOS", "a &lt;program&gt;", "End all others")
	if n := strings.Count(page, ">this one<"); n != 1 {
		t.Errorf("%d are this one", n)
	}
	v.sends("/dashboard/profile/sessions/"+string(graces)+"/end", nil, 404, "There is no such log-in among yours")
	v.lacks(v.sends("/dashboard/profile/sessions/"+string(phone)+"/end", nil, 200, "That log-in has ended.", "a &lt;program&gt;"), "Safari on iOS")
	v.recorded("endSession", string(phone), paas.AuditDone)
	v.lacks(v.sends("/dashboard/profile/sessions/end", nil, 200, "All your other log-ins have ended.", "this one"), "a &lt;program&gt;", "End all others")
	for id, lives := range map[paas.SessionID]bool{phone: false, laptop: false, graces: true} {
		if _, err := v.platform.Session(t.Context(), id); (err == nil) != lives {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestAccountIsDeletedWithItsPassword(t *testing.T) {
	v := newVisitor(t)
	v.project("hello")
	v.login()
	_, _, page := v.visit("/dashboard/profile/delete")
	v.holds(page, "hello", "Delete the account ada and all of this")
	v.sends("/dashboard/profile/delete", url.Values{"currentPassword": {"wrong"}}, 403, `id="password-wrong"`, "hello")
	v.recorded("deleteAccount", "", paas.EBadLogin)
	v.sends("/dashboard/profile/delete", url.Values{"currentPassword": {password}}, 200, "The account is deleted")
	if path, _, _ := v.visit("/dashboard"); !strings.HasPrefix(path, "/login") {
		t.Errorf("afterwards %s", path)
	}
	if users, err := v.platform.Users(t.Context()); err != nil || len(users) != 0 {
		t.Errorf("left: %v, %v", users, err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	v := newVisitor(t)
	_, err := v.platform.SetAdmin(t.Context(), "ada", true)
	v.must(err)
	v.login()
	v.sends("/dashboard/profile/delete", url.Values{"currentPassword": {password}}, 409, `class="alert"`, "last administrator")
	v.sends("/admin/users/ada/delete", url.Values{"confirm": {"ada"}}, 409, `class="alert"`, "last administrator")
	v.sends("/admin/users/ada/revoke", nil, 409, "last administrator")
}

// TestFormsLeadBack: a browser that is left at the address of a form finds the page again.
func TestFormsLeadBack(t *testing.T) {
	v := newVisitor(t)
	_, err := v.platform.SetAdmin(t.Context(), "ada", true)
	v.must(err)
	v.login()
	for from, to := range map[string]string{
		"/dashboard/profile/keys": "/dashboard/profile", "/admin/invites": "/admin/users", "/admin/doctor": "/admin", "/admin/users/ada/limits": "/admin/users/ada",
	} {
		if path, status, _ := v.visit(from); path != to || status != 200 {
			t.Errorf("%s leads to %s with %d", from, path, status)
		}
	}
}
