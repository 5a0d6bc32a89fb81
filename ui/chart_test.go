package ui_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestGraphsTellTheirValues: at the pointer and with keys, in the words of the server, and also after
// the region of the graph was replaced.
func TestGraphsTellTheirValues(t *testing.T) {
	h := newInhabited(t, plainWords)
	tab := browsertest.New(t).Tab()
	h.enter(tab)
	tab.Visit(h.base + projectPath(h, "metrics") + "?range=24h")
	const tip = `document.querySelector(".chart-tip:not([hidden])")`
	tab.Until("the script is there", `document.querySelector(".chart-tip")`)
	if shown := browsertest.Ask[bool](tab, tip+` !== null`); shown {
		t.Error("a tip is shown that nobody asked for")
	}

	browsertest.Ask[bool](tab, `(document.getElementById("chart-network").focus(), true)`)
	tab.Press(kb.ArrowLeft)
	tab.Until("the newest values are told as the legend has them", fmt.Sprintf(`%s && (() => {
		const legend = [...document.getElementById("chart-network").closest("figure").querySelectorAll(".chart-legend b")].map(b => b.textContent)
		const told = [...%s.querySelectorAll("dd")].map(dd => dd.textContent)
		return legend.length === 2 && legend.join() === told.join()
	})()`, tip, tip))
	newest := tab.Text(".chart-when")
	tab.Press(kb.ArrowLeft)
	tab.Until("an earlier time", fmt.Sprintf(`document.querySelector(".chart-when").textContent < %q`, newest))
	tab.Press(kb.Home)
	tab.Until("the oldest values", `document.querySelector(".chart-tip").textContent.includes("not measured")`)
	tab.Press(kb.End)
	tab.Until("the newest again", fmt.Sprintf(`document.querySelector(".chart-when").textContent === %q`, newest))

	browsertest.Ask[bool](tab, `(() => {
		const region = document.querySelector("[data-live=metrics]"), fresh = region.cloneNode(true)
		region.replaceWith(fresh)
		document.getElementById("chart-network").focus()
		return true
	})()`)
	tab.Until("it goes on after its region was replaced", tip+` && document.querySelectorAll(".chart-over i").length === 3`)
	tab.Press(kb.ArrowLeft)
	tab.Until("and follows keys", fmt.Sprintf(`document.querySelector(".chart-when").textContent < %q`, newest))
	tab.Press(kb.Escape)
	tab.Until("it is gone", tip+` === null`)

	browsertest.Ask[bool](tab, `(() => {
		const drawing = document.getElementById("chart-latency"), box = drawing.getBoundingClientRect()
		drawing.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, clientX: box.right - 2, clientY: box.top + 50}))
		return true
	})()`)
	tab.Until("the pointer asks too", `[...document.querySelectorAll(".chart-tip dt")].map(dt => dt.textContent).join() === "p50,p95,p99"`)
	if out := browsertest.Ask[bool](tab, `document.querySelector(".chart-tip").getBoundingClientRect().right > innerWidth`); out {
		t.Error("the tip is beside the window")
	}
	browsertest.Ask[bool](tab, `document.querySelector("h1").dispatchEvent(new PointerEvent("pointermove", {bubbles: true}))`)
	tab.Until("it is gone with the pointer", tip+` === null`)
}
