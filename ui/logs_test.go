package ui_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/ui/browsertest"
)

var shownText = regexp.MustCompile(`(?s)<li id="([^"]+)"(?: class="(\w+)")?>.*?<span class="text" dir="ltr">(.*?)</span></li>`)

// shown are the texts of the lines of a page.
func shown(page string) (all []string) {
	for _, line := range shownText.FindAllStringSubmatch(page, -1) {
		all = append(all, line[3])
	}
	return all
}

func TestLogsAreFiltered(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	v.login()
	project := v.project("hello")
	path := logsOf(project)
	_, _, page := v.visit(path)
	v.holds(page, "Nothing runs yet", `data-lines="logs/`+string(project.ID)+`"`, `data-after="L`, `aria-keyshortcuts="/"`)

	now := time.Now()
	line := func(ago time.Duration, deployment int, process string, index int, text string) {
		v.must(v.platform.Logbook.Append(t.Context(), project.ID, paas.LogLine{
			At: now.Add(-ago), Deployment: deployment, Process: process, Index: index, Container: paas.ContainerID(process), Stream: paas.Stdout, Text: text,
		}))
	}
	line(3*time.Hour, 1, "web", 1, "old")
	line(2*time.Hour, 1, "worker", 1, "job 50% & <b>done</b>")
	line(time.Minute, 2, "web", 1, "GET /one")
	line(time.Second, 2, "web", 2, "GET /two")
	for query, want := range map[string]string{
		"":                     "old, job 50% &amp; &lt;b&gt;done&lt;/b&gt;, GET /one, GET /two",
		"process=web":          "old, GET /one, GET /two",
		"process=web.2":        "GET /two",
		"deployment=v1":        "old, job 50% &amp; &lt;b&gt;done&lt;/b&gt;",
		"grep=50%25+%26":       "job 50% &amp; &lt;b&gt;done&lt;/b&gt;",
		"since=10m":            "GET /one, GET /two",
		"until=10m":            "old, job 50% &amp; &lt;b&gt;done&lt;/b&gt;",
		"since=150m&until=10m": "job 50% &amp; &lt;b&gt;done&lt;/b&gt;",
		"since=" + now.UTC().Add(-time.Hour).Format("2006-01-02T15:04:05"): "GET /one, GET /two",
		"process=web&deployment=2&grep=ONE":                                "GET /one",
		"grep=nowhere":                                                     "",
	} {
		_, status, page := v.visit(path + "?" + query)
		if got := strings.Join(shown(page), ", "); got != want || status != http.StatusOK {
			t.Errorf("%s: %d %s", query, status, got)
		}
		if live := strings.Contains(page, `data-lines="logs/`); live == strings.Contains(query, "until") {
			t.Errorf("%s: live is %t", query, live)
		}
		if query != "" {
			v.holds(page, `href="`+path+`">All lines`)
		}
		if query == "grep=nowhere" {
			v.holds(page, "No line is like that")
		}
	}
	for _, odd := range []string{"since=yesterday", "until=9", "process=%3Cb%3E", "deployment=x", "grep=" + strings.Repeat("x", 1001)} {
		_, status, page := v.visit(path + "?" + odd)
		if status != http.StatusBadRequest {
			t.Errorf("%s: %d", odd, status)
		}
		v.holds(page, `role="alert"`)
		v.lacks(page, "<b>")
	}
	v.stranger(path, path+"/download", "/dashboard/"+string(project.ID)+"/deployments/1/log")
}

func TestLogsAreDownloaded(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	v.login()
	project := v.project("hello")
	const lines = 30_000
	at := time.Now().Add(-time.Hour)
	var batch []paas.LogLine
	for n := range lines {
		batch = append(batch, paas.LogLine{At: at.Add(time.Duration(n) * time.Millisecond), Process: "web", Index: 1 + n%2, Container: "c", Stream: paas.Stdout, Text: fmt.Sprintf("\x1b[32mline\x1b[0m %d <%s>", n, strings.Repeat("x", 200))})
	}
	v.must(v.platform.Logbook.Append(t.Context(), project.ID, batch...))
	response, err := v.Get(v.base + logsOf(project) + "/download?process=web.2&since=2h")
	if disposition := response.Header.Get("Content-Disposition"); !regexp.MustCompile(`^attachment; filename="hello-\d{8}-\d{6}\.log"$`).MatchString(disposition) || response.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%v", response.Header)
	}
	_, status, text := v.read(response, err)
	got := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if want := at.Add((lines-1)*time.Millisecond).UTC().Format(time.RFC3339Nano) + " web.2 \x1b[32mline\x1b[0m 29999 <"; status != http.StatusOK || len(got) != lines/2 || !strings.HasPrefix(got[len(got)-1], want) {
		t.Errorf("%d, %d lines, at last %q", status, len(got), got[len(got)-1])
	}
	if _, status, _ := v.visit(logsOf(project) + "/download?since=x"); status != http.StatusBadRequest {
		t.Errorf("a wrong filter: %d", status)
	}
}

// TestLinesOfAPageAndItsStreamAreNamedAlike reads a page whose newest lines begin amid those of one nanosecond.
func TestLinesOfAPageAndItsStreamAreNamedAlike(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	v.login()
	project := v.project("hello")
	at := time.Now().Add(-time.Second)
	for n := range 700 {
		v.must(v.platform.Logbook.Append(t.Context(), project.ID, paas.LogLine{At: at.Add(time.Duration(n / 7)), Process: "web", Index: 1, Stream: paas.Stdout, Text: fmt.Sprint(n)}))
	}
	_, _, page := v.visit(logsOf(project))
	names := map[string]string{}
	for _, line := range shownText.FindAllStringSubmatch(page, -1) {
		names[line[1]] = line[3]
	}
	after := regexp.MustCompile(`data-after="([^"]+)"`).FindStringSubmatch(page)
	texts, _ := v.listen("logs/"+string(project.ID)+"?after="+after[1]).lines("logs/"+string(project.ID), "699")
	same := 0
	for name, text := range texts {
		if names[name] == text {
			same++
		} else if names[name] != "" {
			t.Fatalf("%s is %q on the page and %q in the stream", name, names[name], text)
		}
	}
	if len(names) < 490 || same != len(names) {
		t.Errorf("%d lines on the page, %d of them in the stream", len(names), same)
	}
}

// TestBuildLogIsFollowedToItsEnd watches a deployment's page while its log is written.
func TestBuildLogIsFollowedToItsEnd(t *testing.T) {
	v := newVisitor(t)
	project := v.project("hello")
	v.deployment(project, paas.Building, nil)
	dir := filepath.Join(v.dir, "logs", string(project.ID))
	v.must(os.MkdirAll(dir, 0o700))
	log, err := os.Create(filepath.Join(dir, "1.log"))
	v.must(err)
	defer log.Close()
	say := func(text string) {
		_, err := log.WriteString(text)
		v.must(err)
	}
	say("one\ntw")
	tab := browsertest.New(t).Tab()
	v.enter(tab)
	tab.Visit(v.base + "/dashboard/" + string(project.ID) + "/deployments/1")
	tab.Until("whole lines", texts+`.join() === "one"`)
	say("o\n\x1b[31mthree\x1b[0m\n")
	tab.Until("the next lines", texts+`.join() === "one,two,three" && !!document.querySelector(".fg1")`)
	say("an end without its end")
	deployment, err := v.store.Deployment(t.Context(), project.ID, 1)
	v.must(err)
	v.must(deployment.Advance(paas.Failed, time.Now()))
	v.must(v.store.UpdateDeployment(t.Context(), deployment))
	tab.Until("the end", texts+`.at(-1) === "an end without its end" && !document.querySelector(".lines-bar button")`)
	tab.Click("#B2 .at")
	if hash := browsertest.Ask[string](tab, `location.hash`); hash != "#B2" {
		t.Errorf("a line's address ends with %s", hash)
	}
	v.login()
	_, status, text := v.visit("/dashboard/" + string(project.ID) + "/deployments/1/log")
	if status != http.StatusOK || text != "one\ntwo\n\x1b[31mthree\x1b[0m\nan end without its end" {
		t.Errorf("downloaded %d %q", status, text)
	}
}

// TestLogsWorkWithoutScripts filters with JavaScript off.
func TestLogsWorkWithoutScripts(t *testing.T) {
	h := newInhabited(t, plainWords)
	tab := browsertest.New(t).Tab()
	tab.WithoutScripts()
	h.enter(tab)
	tab.Visit(h.base + projectPath(h, "logs"))
	tab.Set("#process", "worker")
	tab.Set("#grep", "queues")
	tab.Send(".filter button")
	tab.Shows("worker ✓ 3 queues, 12 ms")
	if count := browsertest.Ask[int](tab, `document.querySelectorAll(".log li").length`); count != 1 {
		t.Errorf("%d lines", count)
	}
	tab.Send(".log .at")
	tab.Shows("Lines around")
	if marked := browsertest.Ask[bool](tab, `document.querySelector(".log li:target .text").textContent.includes("3 queues") && document.querySelectorAll(".log li").length > 100`); !marked {
		t.Error("the line that the address names is not shown among others")
	}
}
