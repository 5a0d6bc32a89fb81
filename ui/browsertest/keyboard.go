package browsertest

import (
	"fmt"

	"github.com/chromedp/chromedp/kb"
)

// reachable is a script's list of what a person reaches with the Tab key, in the order of the page.
const reachable = `[...document.querySelectorAll("a[href], button, input, select, textarea, summary, iframe, [tabindex]")]
	.filter(e => e.tabIndex >= 0 && !e.disabled && e.type !== "hidden" && e.checkVisibility({visibilityProperty: true})
		&& !(e.type === "radio" && e.name && document.querySelector("input[name='" + e.name + "']:checked") !== e))`

// WalkWithTab presses the Tab key through the page and says what is wrong with the way: what is out of
// order or not reached, and where nobody sees the focus.
func (t *Tab) WalkWithTab() []string {
	t.t.Helper()
	count := Ask[int](t, `(() => { window.walk = `+reachable+`; document.body.tabIndex = -1; document.body.focus(); scrollTo(0, 0); return walk.length })()`)
	var faults []string
	for n := range count {
		t.Press(kb.Tab)
		if fault := Ask[string](t, fmt.Sprintf(`(() => {
			const wanted = walk[%d], now = document.activeElement
			const newer = !wanted.isConnected && now.outerHTML.slice(0, 120) === wanted.outerHTML.slice(0, 120) // its region was replaced
			if (now !== wanted && !newer) return "the Tab key leads to " + now.outerHTML.slice(0, 120) + " instead of " + wanted.outerHTML.slice(0, 120)
			const seen = [null, "::after"].some(part => { const style = getComputedStyle(now, part); return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 })
			return seen ? "" : "nobody sees the focus on " + now.outerHTML.slice(0, 120)
		})()`, n)); fault != "" {
			faults = append(faults, fault)
			if len(faults) > 3 {
				break
			}
		}
	}
	return faults
}
