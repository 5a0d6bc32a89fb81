package ui_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestAnswersToFormsAreAccessible holds to the rules of pages what no address leads to: what forms answer.
func TestAnswersToFormsAreAccessible(t *testing.T) {
	h := newInhabited(t, plainWords)
	axe := browsertest.Axe(t)
	tab := browsertest.New(t).Tab()
	tab.Expect("400")
	tab.Look(1280, false)
	h.enter(tab)
	check := func(name string) {
		t.Helper()
		for _, look := range looks {
			tab.Look(look.wide, look.dark)
			if over := browsertest.Ask[int](tab, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s is %d pixels wider than a window of %d", name, over, look.wide)
			}
			for _, broken := range tab.Violations(axe) {
				for _, node := range broken.Nodes {
					t.Errorf("%s in %s: %s: %s: %s\n%s", name, look.name, broken.ID, broken.Help, node.HTML, node.FailureSummary)
				}
			}
			if dir := os.Getenv("PAASTECH_PICTURES"); dir != "" {
				h.must(os.WriteFile(filepath.Join(dir, name+"-"+look.name+".png"), tab.Picture(), 0o644))
			}
		}
		tab.Look(1280, false)
	}
	tab.Visit(h.base + projectPath(h, "env"))
	tab.Fill("#new-name-0", "1BAD")
	tab.Click(".paste summary")
	tab.Fill("#paste", "A=1\nB=2")
	tab.Send("p.decide button")
	tab.Shows("is not a name")
	if focused := browsertest.Ask[string](tab, `document.activeElement.getAttribute("role")`); focused != "alert" {
		t.Errorf("after a mistake the focus is on %q, not on what says it", focused)
	}
	check("variables-mistake")
	tab.Fill("#new-name-0", "GOOD")
	tab.Click(".variables input[type=checkbox]")
	tab.Send("p.decide button")
	tab.Shows("What will change")
	check("variables-review")

	tab.Visit(h.base + projectPath(h, "settings"))
	tab.Fill(`[id="limits.memory"]`, "much")
	tab.Fill(`[id="health.interval"]`, "ten")
	tab.Send(".settings button[value=save]")
	tab.Shows("is not an amount of bytes")
	check("settings-mistake")
}
