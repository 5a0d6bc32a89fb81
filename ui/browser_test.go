package ui_test

import (
	"testing"

	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// enter logs a tab in through the form.
func (v *visitor) enter(tab *browsertest.Tab) {
	v.t.Helper()
	tab.Visit(v.base + "/login")
	tab.Fill("#email", "ada@example.com")
	tab.Fill("#password", password)
	tab.Send("form button")
	if path := tab.Path(); path != "/dashboard" {
		v.t.Fatalf("logged in to %s", path)
	}
}

// TestFormsWorkWithoutScripts goes from the log-in to the log-out with JavaScript off.
func TestFormsWorkWithoutScripts(t *testing.T) {
	v := newVisitor(t)
	tab := browsertest.New(t).Tab()
	tab.WithoutScripts()
	v.enter(tab)
	tab.Shows("Nothing here yet")
	tab.Send(".menu form button")
	if path := tab.Path(); path != "/" {
		t.Errorf("logged out to %s", path)
	}
}
