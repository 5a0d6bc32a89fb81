package ui_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// texts are those of the lines that a page shows.
const texts = `[...document.querySelectorAll(".log .text")].map(e => e.textContent)`

func logsOf(project paas.Project) string { return "/dashboard/" + string(project.ID) + "/logs" }

// TestTenTabsStayLive has ten tabs of one browser follow a log over HTTP/1.1, of which browsers open six
// connections: all of them stay live, and there is room for other pages.
func TestTenTabsStayLive(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	project := v.project("hello")
	v.write(project, "before anybody looked")
	browser := browsertest.New(t)
	first := browser.Tab()
	v.enter(first)
	tabs := []*browsertest.Tab{first}
	for len(tabs) < 10 {
		tabs = append(tabs, browser.Tab())
	}
	for _, tab := range tabs {
		tab.Visit(v.base + logsOf(project))
	}
	for n := range 3 {
		text := fmt.Sprint("line ", n)
		v.write(project, text)
		for _, tab := range tabs {
			tab.Shows(text)
		}
	}
	name := "goodbye"
	_, err := v.platform.UpdateProject(t.Context(), v.ada, project.ID, paas.ProjectChange{Name: &name})
	v.must(err)
	for _, tab := range tabs {
		tab.Until("the new name", `document.querySelector("h1").textContent === "goodbye"`)
	}
	other := browser.Tab()
	other.Visit(v.base + "/dashboard")
	other.Shows("goodbye")
	v.write(project, "the last line")
	for n, tab := range tabs {
		tab.Shows("the last line")
		if got := browsertest.Ask[[]string](tab, texts); strings.Join(got, ", ") != "before anybody looked, line 0, line 1, line 2, the last line" {
			t.Errorf("tab %d shows %q", n, got)
		}
	}
}

// TestPagesFollowWithoutASharedWorker has a browser without one.
func TestPagesFollowWithoutASharedWorker(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	project := v.project("hello")
	tab := browsertest.New(t).Tab()
	tab.Before("delete window.SharedWorker")
	v.enter(tab)
	tab.Visit(v.base + logsOf(project))
	tab.Shows("Nothing runs yet.")
	v.write(project, "the first line")
	tab.Shows("the first line")
	tab.Visit(v.base + "/dashboard")
	v.project("another")
	tab.Shows("another")
}

// TestLogPage reads, pauses, filters and marks.
func TestLogPage(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	project := v.project("hello")
	for n := range 700 {
		v.write(project, fmt.Sprintf("\x1b[32mrequest\x1b[0m %d", n))
	}
	v.must(v.platform.Logbook.Append(t.Context(), project.ID, paas.LogLine{At: time.Now(), Process: "web", Index: 1, Stream: paas.System, Text: "web.1 was killed for its memory"}))
	tab := browsertest.New(t).Tab()
	v.enter(tab)
	tab.Visit(v.base + logsOf(project))
	tab.Until("the end is in view", `(box => box.scrollTop > 0 && box.scrollHeight - box.scrollTop - box.clientHeight < 2)(document.querySelector(".log"))`)
	tab.Until("the page is live", `document.querySelector("[data-lines-count]").textContent === "Live"`)
	if count := browsertest.Ask[int](tab, texts+`.length`); count < 499 || count > 500 {
		t.Errorf("%d lines at first", count)
	}
	if color := browsertest.Ask[string](tab, `getComputedStyle(document.querySelector(".fg2")).color`); color != "rgb(20, 113, 58)" {
		t.Errorf("green is %s", color)
	}
	if style := browsertest.Ask[string](tab, `getComputedStyle(document.querySelector(".log .system .text")).fontStyle`); style != "italic" {
		t.Errorf("the platform's own word is %s", style)
	}

	browsertest.Ask[bool](tab, `(document.querySelector(".log").scrollTop = 100, true)`)
	v.write(project, "while reading above")
	tab.Until("a hint at the new line", `document.querySelector(".lines-jump").textContent === "↓ 1 new line" && document.querySelector(".log").scrollTop === 100`)
	tab.Click(".lines-jump")
	tab.Until("the end", `document.querySelector(".lines-jump").hidden && (box => box.scrollHeight - box.scrollTop - box.clientHeight < 2)(document.querySelector(".log"))`)

	tab.Click(".lines-bar button")
	v.write(project, "while paused", "and again")
	tab.Until("the pause", `document.querySelector("[data-lines-count]").textContent === "Paused, 2 new lines"`)
	if last := browsertest.Ask[string](tab, texts+`.at(-1)`); last != "while reading above" {
		t.Errorf("a paused page shows %q", last)
	}
	tab.Click(".lines-bar button")
	tab.Until("all lines", texts+`.at(-1) === "and again"`)

	browsertest.Ask[bool](tab, `(document.querySelector(".log").focus(), true)`)
	for _, key := range []string{kb.Enter, kb.ArrowUp, kb.Enter} {
		tab.Press(key)
	}
	tab.Until("the line that the keys lead to", `document.querySelector(".marked .text").textContent === "while paused" && document.activeElement.matches(".marked .at")`)
	tab.Press(kb.Escape)
	tab.Until("the box", `document.activeElement.matches(".log")`)

	tab.Press("/")
	tab.Until("the field to filter", `document.activeElement.id === "grep"`)
	tab.Fill("#grep", "PAUSED")
	tab.Send(".filter button")
	if got := browsertest.Ask[[]string](tab, texts); len(got) != 1 || got[0] != "while paused" {
		t.Errorf("filtered: %q", got)
	}
	v.write(project, "not this one", "paused once more")
	tab.Until("the line that is like that", texts+`.join() === "while paused,paused once more"`)
	tab.Click(".log .at")
	if path := browsertest.Ask[string](tab, `location.search + location.hash`); !strings.HasPrefix(path, "?at=L") || !strings.Contains(path, "#L") {
		t.Errorf("a link to a line is %s", path)
	}
	link := browsertest.Ask[string](tab, `location.href`)
	tab.Visit(v.base + "/dashboard")
	tab.Visit(link)
	tab.Until("the line that is marked, among others", `document.querySelector(".marked .text").textContent === "while paused" && `+texts+`.length > 200`)
	if seen := browsertest.Ask[bool](tab, `(r => r.top > 0 && r.bottom < innerHeight)(document.querySelector(".marked").getBoundingClientRect())`); !seen {
		t.Error("the marked line is not in view")
	}
}

// TestPagesHoldABoundedLog writes far more than a page keeps.
func TestPagesHoldABoundedLog(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	project := v.project("hello")
	tab := browsertest.New(t).Tab()
	v.enter(tab)
	tab.Visit(v.base + logsOf(project))
	tab.Until("the page is live", `document.querySelector("[data-lines-count]").textContent === "Live"`)
	for n := range 7000 {
		v.write(project, fmt.Sprint("line ", n))
	}
	tab.Until("the newest line", texts+`.at(-1) === "line 6999"`)
	if got := browsertest.Ask[[]string](tab, texts); len(got) != 5000 || got[0] != "line 2000" {
		t.Errorf("%d lines, from %q on", len(got), got[0])
	}
}

// TestRefreshedRegionsKeepWhatAPersonDoes changes the project while somebody uses its page.
func TestRefreshedRegionsKeepWhatAPersonDoes(t *testing.T) {
	h := newInhabited(t, plainWords)
	tab := browsertest.New(t).Tab()
	h.enter(tab)
	tab.Visit(h.base + "/dashboard/" + string(h.running.ID))
	tab.Click("#stop summary")
	tab.Until("the question", `document.querySelector("#stop").open && document.activeElement.matches("#stop summary")`)
	h.engine.containers = h.engine.containers[:2]
	name := "renamed"
	_, err := h.platform.UpdateProject(t.Context(), h.ada, h.running.ID, paas.ProjectChange{Name: &name})
	h.must(err)
	tab.Until("the new name and count", `document.querySelector("h1").textContent === "renamed" && document.querySelector("[data-live=processes]").textContent.includes("0 of 1")`)
	if kept := browsertest.Ask[bool](tab, `document.querySelector("#stop").open && document.activeElement.matches("#stop summary")`); !kept {
		t.Error("the question was closed, or the focus is lost")
	}
	tab.Fill("#count-web", "5")
	h.engine.containers = h.engine.containers[:1]
	name = "renamed-again"
	_, err = h.platform.UpdateProject(t.Context(), h.ada, h.running.ID, paas.ProjectChange{Name: &name})
	h.must(err)
	tab.Until("the new name", `document.querySelector("h1").textContent === "renamed-again"`)
	if typed := browsertest.Ask[string](tab, `document.querySelector("#count-web").value`); typed != "5" {
		t.Errorf("what was typed is %q now", typed)
	}
	tab.Fill("#count-web", "2")
	browsertest.Ask[bool](tab, `(document.activeElement.blur(), true)`)
	tab.Until("what had to wait", `document.querySelector("[data-live=processes]").textContent.includes("1 of 2")`)
}

// breaker is a way to a server that can be interrupted.
type breaker struct {
	listener net.Listener
	mu       sync.Mutex
	open     []net.Conn // guarded by mu
	broken   bool       // guarded by mu
}

func newBreaker(t *testing.T, to string) *breaker {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{listener: listener}
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil || !b.keep(near, far) {
				near.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				passing.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		listener.Close()
		b.set(true)
		passing.Wait()
	})
	return b
}

func (b *breaker) keep(connections ...net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = append(b.open, connections...)
	return !b.broken
}

// set interrupts every connection and lets none through, or does again.
func (b *breaker) set(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
	for _, connection := range b.open {
		connection.Close()
	}
	b.open = nil
}

// TestPagesComeBackToWhereTheyWere interrupts the connection while an application writes and its
// project changes: afterwards the page has every line once, and shows what is.
func TestPagesComeBackToWhereTheyWere(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	project := v.project("hello")
	way := newBreaker(t, strings.TrimPrefix(v.base, "http://"))
	v.base = "http://" + way.listener.Addr().String()
	tab := browsertest.New(t).Tab()
	tab.Expect("Failed to load resource")
	tab.Expect("ERR_")
	v.enter(tab)
	tab.Visit(v.base + logsOf(project))
	var want []string
	say := func(round string) {
		for n := range 50 {
			want = append(want, fmt.Sprint(round, " ", n))
			v.write(project, want[len(want)-1])
		}
	}
	say("first")
	tab.Shows("first 49")
	for round := range 3 {
		way.set(true)
		say(fmt.Sprint("broken ", round))
		if round == 2 {
			tab.Shows("The connection is lost. It is tried again.")
			name := "changed"
			_, err := v.platform.UpdateProject(t.Context(), v.ada, project.ID, paas.ProjectChange{Name: &name})
			v.must(err)
		}
		way.set(false)
		say(fmt.Sprint("back ", round))
		tab.Until("the newest line", texts+`.at(-1) === "`+want[len(want)-1]+`"`)
	}
	if got := browsertest.Ask[[]string](tab, texts); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the page has %d lines, not %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	tab.Until("the new name", `document.querySelector("h1").textContent === "changed" && document.querySelector("[data-live-state]").textContent === ""`)
}
