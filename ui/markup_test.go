package ui_test

import (
	"testing"

	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestMarkupStaysText shows every page of a platform whose people call everything by markup, scripts and
// what terminals obey: nothing of it is executed, becomes an element, or turns the text around.
func TestMarkupStaysText(t *testing.T) {
	h := newInhabited(t, nastyWords)
	tab := browsertest.New(t).Tab()
	tab.Look(1280, false)
	h.everyPage(tab, func(_, path string) {
		tab.Visit(h.base + path)
		if fault := browsertest.Ask[string](tab, `(() => {
			if (window.owned) return "a script was executed"
			const planted = document.querySelector("img[src=x], svg[onload], script:not([type=module]):not([src])")
			if (planted) return "an element was planted: " + planted.outerHTML
			const shown = document.body.cloneNode(true)
			shown.querySelectorAll("textarea").forEach(e => e.remove()) // a form gives back exactly what was put into it
			const tricks = shown.textContent.match(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u202a-\u202e\u2066-\u2069]/)
			if (tricks) return "a character that turns the text around or that terminals obey: " + escape(tricks[0])
			return ""
		})()`); fault != "" {
			t.Errorf("%s: %s", path, fault)
		}
	})
}
