package ui_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// TestNoGETChangesAnything is a part of trial T41: an administrator's browser visits every page, and
// the store has not been written to since.
func TestNoGETChangesAnything(t *testing.T) {
	v := newVisitor(t)
	if _, err := v.platform.SetAdmin(t.Context(), "ada", true); err != nil {
		t.Fatal(err)
	}
	project := v.project("hello")
	v.deployment(project, paas.Failed, nil)
	v.send("/register", url.Values{"username": {"grace"}, "email": {"grace@example.com"}, "password": {"a fine day"}})
	v.send("/password-recovery", url.Values{"email": {"ada@example.com"}})
	links := map[string]string{"/email-verification/:token": "", "/password-reset/:token": ""}
	confirm, reset := v.caught(paas.MailConfirm), v.caught(paas.MailReset)
	links["/email-verification/:token"], links["/password-reset/:token"] = confirm.Token.Reveal(), reset.Token.Reveal()
	_, _, front := v.visit("/")
	style := regexp.MustCompile(`/static/\w+/app\.css`).FindString(front)
	v.login()
	before, visited := v.store.Generation(), 0
	for _, route := range v.server.Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		visited++
		path := strings.NewReplacer(":token", links[route.Path], ":mail", string(reset.ID), ":id", string(project.ID), ":n", "1", ":username", "ada", "/static/:version/:name", style).Replace(route.Path)
		for _, path := range []string{path, path + "?wait=false&delete=true&next=/dashboard"} {
			if _, status, _ := v.visit(path); status != http.StatusOK {
				t.Errorf("%s: %d", path, status)
			}
		}
	}
	if after := v.store.Generation(); after != before || visited < 10 {
		t.Errorf("%d pages wrote %d times", visited, after-before)
	}
}

// TestForeignPagesCannotSendForms is a part of trial T41.
func TestForeignPagesCannotSendForms(t *testing.T) {
	v := newVisitor(t)
	v.login()
	for _, route := range v.server.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.base+route.Path, strings.NewReader("email=ada%40example.com"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", kind)
			request.Header.Set("Origin", "http://6f1c1b7e.user-app.localhost:8080")
			if _, status, _ := v.read(v.Do(request)); status != http.StatusForbidden {
				t.Errorf("%s from an application's page as %s: %d", route.Path, kind, status)
			}
		}
	}
}
