package ui_test

import (
	"testing"

	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestPagesAreAccessible holds every page, in light and dark, on a screen and on a phone, to what can be
// checked of WCAG 2.2 AA by a program, and to a way with the Tab key that reaches everything in its order.
func TestPagesAreAccessible(t *testing.T) {
	h := newInhabited(t, plainWords)
	axe := browsertest.Axe(t)
	tab := browsertest.New(t).Tab()
	tab.Expect("404")
	h.everyPage(tab, func(name, path string) {
		for _, look := range looks {
			tab.Look(look.wide, look.dark)
			tab.Visit(h.base + path)
			for _, broken := range tab.Violations(axe) {
				for _, node := range broken.Nodes {
					t.Errorf("%s in %s: %s: %s: %s\n%s", path, look.name, broken.ID, broken.Help, node.HTML, node.FailureSummary)
				}
			}
		}
		tab.Look(1280, false)
		tab.Visit(h.base + path)
		for _, fault := range tab.WalkWithTab() {
			t.Errorf("%s: %s", path, fault)
		}
	})
}
