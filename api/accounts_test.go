package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func TestAccount(t *testing.T) {
	w := newWorld(t)
	me, err := w.ada.Me(t.Context())
	if err != nil || me.Username != "ada" || me.Email != "ada@example.com" || me.IsAdmin || me.ID != w.ada.ID {
		t.Errorf("%+v, %v", me, err)
	}
	if _, err := w.anonymous().Me(t.Context()); !paas.IsCode(err, paas.ENotLoggedIn) || !paas.IsKind(err, paas.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
}

// TestLogoutEndsTheToken is trial T39: a token captured before is worth nothing after.
func TestLogoutEndsTheToken(t *testing.T) {
	w := newWorld(t)
	other, err := w.anonymous().Login(t.Context(), "ada@example.com", password)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ada.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ada.Me(t.Context()); !paas.IsKind(err, paas.Unauthenticated) {
		t.Errorf("the captured token: %v", err)
	}
	if _, err := w.anonymous().WithToken(other.AccessToken).Me(t.Context()); err != nil {
		t.Errorf("another session of the same user: %v", err)
	}
}

func TestFailedLoginsLookAlike(t *testing.T) {
	w := newWorld(t)
	var first map[string]any
	for _, body := range []string{
		`{"email":"ada@example.com","password":"wrong password"}`, `{"email":"nobody@example.com","password":"wrong password"}`,
		`{"email":"ada@example.com"}`, `{}`, ``,
	} {
		status, answer := w.raw("POST", "/api/v1/auth/login", body, "")
		if first == nil {
			first = answer
		}
		if status != http.StatusUnauthorized || answer["code"] != "E_BAD_LOGIN" || answer["message"] != first["message"] {
			t.Errorf("%s: %d %v", body, status, answer)
		}
	}
	if status, _ := w.raw("POST", "/api/v1/auth/login", `{"email":"ADA@example.com","password":"`+password+`","more":1}`, ""); status != http.StatusOK {
		t.Errorf("the first PaaSTech's clients may send more: %d", status)
	}
}

func TestRegistrationIsByInvitation(t *testing.T) {
	w := newWorld(t)
	status, answer := w.raw("POST", "/api/v1/auth/register", `{"username":"zoe","email":"zoe@example.com","password":"correct horse"}`, "")
	if status != http.StatusForbidden || answer["code"] != string(paas.EInvite) {
		t.Errorf("%d %v", status, answer)
	}
}

func TestHostAdministration(t *testing.T) {
	w := newWorld(t)
	if health, err := w.local.Ping(t.Context()); err != nil || health.Database != "OK" {
		t.Errorf("%+v, %v", health, err)
	}
	if users, err := w.local.Users(t.Context()); err != nil || len(users) != 3 || !users[2].IsAdmin {
		t.Errorf("%+v, %v", users, err)
	}
	_, err := w.local.CreateUser(t.Context(), wire.NewUser{Username: "ADA", Email: "other@example.com", Password: password})
	if !paas.IsCode(err, paas.ETaken) {
		t.Errorf("a taken name: %v", err)
	}
	if err := w.local.SetPassword(t.Context(), "ada", "a new password"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ada.Me(t.Context()); !paas.IsKind(err, paas.Unauthenticated) {
		t.Errorf("the old session: %v", err)
	}
	if _, err := w.anonymous().Login(t.Context(), "ada@example.com", "a new password"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if err := w.local.SetPassword(t.Context(), "no/body", "a new password"); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("an unknown user: %v", err)
	}
	for _, path := range []string{"/api/v1/admin/users", "/api/v1/admin/health"} {
		if status, _ := w.raw("GET", path, "", w.admin.token); status != http.StatusNotFound {
			t.Errorf("%s answers from outside: %d", path, status)
		}
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	key, err := w.ada.AddKey(t.Context(), adasKey, "")
	if err != nil || key.Name != "ada@laptop" || !strings.HasPrefix(key.Fingerprint, "SHA256:") || key.LastUsedAt != nil {
		t.Fatalf("%+v, %v", key, err)
	}
	if _, err := w.bob.AddKey(t.Context(), adasKey, "mine"); !paas.IsCode(err, paas.ETaken) || !paas.IsKind(err, paas.Conflict) {
		t.Errorf("ada's key for bob: %v", err)
	}
	if _, err := w.bob.AddKey(t.Context(), "ssh-rsa rubbish", ""); !paas.IsKind(err, paas.Invalid) || paas.Public(err).Details[0].Field != "value" {
		t.Errorf("rubbish: %v", err)
	}
	if keys, err := w.ada.Keys(t.Context()); err != nil || len(keys) != 1 || keys[0].ID != key.ID {
		t.Errorf("%+v, %v", keys, err)
	}
	status, all := w.raw("GET", "/api/v1/sshkeys", "", w.admin.token)
	if list, _ := all["content"].([]any); status != http.StatusOK || len(list) != 1 {
		t.Errorf("everyone's: %d %v", status, all)
	}
	if err := w.bob.RemoveKey(t.Context(), key.ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("bob removes ada's key: %v", err)
	}
	if err := w.ada.RemoveKey(t.Context(), key.ID); err != nil {
		t.Error(err)
	}
	if status, answer := w.raw("GET", "/api/v1/sshkeys/my", "", w.ada.token); status != 200 || answer["content"] == nil {
		t.Errorf("an empty list: %d %v", status, answer)
	}
}
