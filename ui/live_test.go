package ui_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/logbook"
	"github.com/paastech-cloud/paastech/paas"
)

// withLogbook keeps logs as the daemon does.
func withLogbook(t testing.TB) func(*paas.Options) {
	t.Helper()
	book, err := logbook.Open(logbook.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- book.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return func(o *paas.Options) { o.Logbook = book }
}

// write appends lines to a project's log as its web.1 would.
func (v *visitor) write(project paas.Project, texts ...string) {
	v.t.Helper()
	for _, text := range texts {
		v.must(v.platform.Logbook.Append(v.t.Context(), project.ID, paas.LogLine{
			At: time.Now(), Deployment: 1, Process: "web", Index: 1, Container: "c1", Stream: paas.Stdout, Text: text,
		}))
	}
}

// heard is one event of a stream.
type heard struct {
	Kind    string `json:"-"`
	Project paas.ProjectID
	Topic   string
	HTML    []string
	Message string
}

// listener is an open stream of a visitor.
type listener struct {
	v     *visitor
	heard chan heard
	close context.CancelFunc
}

// listen opens a stream with topics. It hears until the test ends, or it is closed.
func (v *visitor) listen(topics ...string) *listener {
	v.t.Helper()
	ctx, cancel := context.WithCancel(v.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+"/dashboard/live?"+url.Values{"topic": topics}.Encode(), nil)
	v.must(err)
	request.Header.Set("Accept", "text/event-stream")
	response, err := v.Do(request)
	v.must(err)
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		v.t.Fatalf("no stream but %d with %s", response.StatusCode, kind)
	}
	l := &listener{v: v, heard: make(chan heard, 10_000), close: cancel}
	go func() {
		defer close(l.heard)
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		kind := ""
		for lines.Scan() {
			if name, is := strings.CutPrefix(lines.Text(), "event: "); is {
				kind = name
			}
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				event := heard{Kind: kind}
				if err := json.Unmarshal([]byte(data), &event); err != nil {
					event.Message = err.Error()
				}
				l.heard <- event
			}
		}
	}()
	v.t.Cleanup(cancel)
	return l
}

// until passes events on until one says that it was enough.
func (l *listener) until(what string, enough func(heard) bool) {
	l.v.t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case event, more := <-l.heard:
			if !more {
				l.v.t.Fatalf("the stream ended before %s", what)
			}
			if enough(event) {
				return
			}
		case <-late:
			l.v.t.Fatalf("not heard: %s", what)
		}
	}
}

var (
	itemName = regexp.MustCompile(`^<li id="([^"]+)"`)
	itemText = regexp.MustCompile(`<span class="text" dir="ltr">(.*)</span></li>$`)
)

// lines waits for a line and returns the texts of those up to it by their names, and the names.
func (l *listener) lines(topic, last string) (texts map[string]string, names []string) {
	l.v.t.Helper()
	texts = map[string]string{}
	found := false
	l.until("the line "+last, func(event heard) bool {
		if event.Kind != "lines" || event.Topic != topic {
			return false
		}
		for _, item := range event.HTML {
			name, text := itemName.FindStringSubmatch(item), itemText.FindStringSubmatch(item)
			if name == nil || text == nil {
				l.v.t.Fatalf("a line is %s", item)
			}
			texts[name[1]], names = text[1], append(names, name[1])
			found = found || text[1] == last
		}
		return found
	})
	return texts, names
}

func TestLiveTellsOfChangesAndLines(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	v.login()
	project, other := v.project("hello"), v.project("other")
	topic, needles := "logs/"+string(project.ID), "logs/"+string(project.ID)+"?grep=needle"
	live, filtered := v.listen(topic), v.listen(needles, topic)
	v.project("third")
	live.until("a new project", func(event heard) bool { return event.Kind == "change" && event.Project != "" })
	v.write(other, "somebody else's")
	v.write(project, "hay <b>", "\x1b[31ma needle\x1b[0m")
	texts, names := live.lines(topic, `<span class="fg1">a needle</span>`)
	if len(names) != 2 || texts[names[0]] != "hay &lt;b&gt;" {
		t.Errorf("heard %v", texts)
	}
	if texts, _ := filtered.lines(needles, `<span class="fg1">a needle</span>`); len(texts) != 1 {
		t.Errorf("of those with a needle: %v", texts)
	}
	v.must(v.platform.Logbook.Forget(t.Context(), project.ID))
	live.until("the end of a log", func(event heard) bool { return event.Kind == "end" })
}

// TestLiveGoesOnAfterAPosition breaks a stream off again and again while lines of two containers come
// that arrive in another order than that of their times: a page that passes over the names it has gets each line once.
func TestLiveGoesOnAfterAPosition(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	v.login()
	project := v.project("hello")
	topic := "logs/" + string(project.ID)
	const rounds, each = 12, 40
	shown, after := map[string]string{}, ""
	at := time.Now()
	for round := range rounds {
		live := v.listen(topic + after)
		for n := range each {
			if n%5 != 1 && n%5 != 2 { // three of one nanosecond
				at = at.Add(time.Millisecond)
			}
			line := paas.LogLine{At: at, Process: "web", Index: 1 + n%2, Container: paas.ContainerID(fmt.Sprint("c", n%2)), Stream: paas.Stdout, Text: fmt.Sprintf("%d.%d", round, n)}
			if n%5 == 4 {
				line.At = at.Add(-time.Second)
			}
			v.must(v.platform.Logbook.Append(t.Context(), project.ID, line))
		}
		texts, names := live.lines(topic, fmt.Sprintf("%d.%d", round, each-1-round%7))
		live.close()
		for _, name := range names {
			if known, there := shown[name]; there && known != texts[name] {
				t.Fatalf("%s is %q, and was %q", name, texts[name], known)
			}
			shown[name] = texts[name]
		}
		after = "?after=" + slices.MaxFunc(names, strings.Compare)
	}
	live := v.listen(topic + after)
	texts, names := live.lines(topic, fmt.Sprintf("%d.%d", rounds-1, each-1))
	for _, name := range names {
		shown[name] = texts[name]
	}
	all := map[string]bool{}
	for _, text := range shown {
		all[text] = true
	}
	if len(shown) != rounds*each || len(all) != rounds*each {
		t.Errorf("%d names of %d lines, of %d", len(shown), len(all), rounds*each)
	}
}

func TestLiveRefusesForeignTopicsAsMissingOnes(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	v.login()
	bob, err := v.platform.CreateUser(t.Context(), paas.NewUser{Username: "bob", Email: "bob@example.com", Password: password})
	v.must(err)
	foreign, err := v.platform.CreateProject(t.Context(), bob, "secret")
	v.must(err)
	own := v.project("hello")
	const missing = "00000000-0000-4000-8000-000000000000"
	var topics []string
	for _, id := range []string{string(foreign.ID), missing} {
		topics = append(topics, "project/"+id, "logs/"+id+"?grep=x", "build/"+id+"/1")
	}
	live := v.listen(append(topics, "what/is/this", "logs/"+string(own.ID))...)
	refused := map[string]string{}
	for range 7 {
		live.until("a refusal", func(event heard) bool {
			if event.Kind == "fail" {
				refused[event.Topic] = event.Message
			}
			return event.Kind == "fail"
		})
	}
	for i, topic := range topics[:3] {
		if of := refused[topic]; of == "" || of != refused[topics[i+3]] {
			t.Errorf("%s: %q; of one that is not there: %q", topic, of, refused[topics[i+3]])
		}
	}
	v.write(foreign, "a secret")
	name := "hidden"
	_, err = v.platform.UpdateProject(t.Context(), bob, foreign.ID, paas.ProjectChange{Name: &name})
	v.must(err)
	v.write(own, "one's own")
	if texts, _ := live.lines("logs/"+string(own.ID), "one&#39;s own"); len(texts) != 1 {
		t.Errorf("heard %v", texts)
	}
	select {
	case event := <-live.heard:
		t.Errorf("heard of somebody else's: %+v", event)
	case <-time.After(200 * time.Millisecond):
	}
}

func TestLiveEndsWithTheLogIn(t *testing.T) {
	t.Parallel() // it waits for a beat
	v := newVisitor(t, withLogbook(t))
	v.login()
	live := v.listen()
	if _, _, page := v.visit("/dashboard"); !strings.Contains(page, "data-watch") {
		t.Error("the page is not live")
	}
	v.send("/logout", nil)
	live.until("that the log-in has ended", func(event heard) bool { return event.Kind == "fail" && event.Topic == "" })
	if event, more := <-live.heard; more {
		t.Errorf("then came %+v", event)
	}
	if path, _, _ := v.visit("/dashboard/live"); !strings.HasPrefix(path, "/login") {
		t.Errorf("a visitor follows %s", path)
	}
}

// TestLiveEndsWithTheServer keeps streams from holding up a server that ends: it waits for requests.
func TestLiveEndsWithTheServer(t *testing.T) {
	v := newVisitor(t, withLogbook(t))
	v.login()
	project := v.project("hello")
	live := v.listen("logs/"+string(project.ID), "project/"+string(project.ID))
	v.write(project, "the last line")
	live.lines("logs/"+string(project.ID), "the last line")
	v.end()
	select {
	case event, more := <-live.heard:
		if more {
			t.Errorf("at last came %+v", event)
		}
	case <-time.After(8 * time.Second): // then requests are cut
		t.Error("the stream goes on")
	}
}

// TestSlowFollowersAreDroppedNeverTheLog has a browser that reads nothing among others that do, while an
// application writes a lot: the slow one is cut off, the log is whole, and the others have all of it.
func TestSlowFollowersAreDroppedNeverTheLog(t *testing.T) {
	t.Parallel() // it waits for the deadline of the slow one
	v := newVisitor(t, withLogbook(t))
	v.login()
	project := v.project("hello")
	topic := "logs/" + string(project.ID)
	slow := v.deaf(topic)
	quick := v.listen(topic)
	const lines, burst = 4000, 500
	text := strings.Repeat("x", 6000)
	for n := range lines {
		v.write(project, fmt.Sprintf("%d %s", n, text))
		if n%burst == burst-1 {
			if texts, _ := quick.lines(topic, fmt.Sprintf("%d %s", n, text)); len(texts) != burst {
				t.Errorf("the quick one has %d of %d lines", len(texts), burst)
			}
		}
	}
	kept := 0
	for _, err := range v.platform.Logbook.Read(t.Context(), project.ID, paas.LogQuery{}) {
		v.must(err)
		kept++
	}
	if kept != lines {
		t.Errorf("the log has %d of %d lines", kept, lines)
	}
	if !slow.isCutOff() {
		t.Error("the browser that reads nothing is still followed by the server")
	}
}

// deaf is a browser that asks and then reads nothing.
type deaf struct {
	t          testing.TB
	connection net.Conn
}

func (v *visitor) deaf(topic string) *deaf {
	v.t.Helper()
	address, err := url.Parse(v.base)
	v.must(err)
	connection, err := net.Dial("tcp", address.Host)
	v.must(err)
	v.t.Cleanup(func() { connection.Close() })
	v.must(connection.(*net.TCPConn).SetReadBuffer(4 << 10))
	cookie := v.Jar.Cookies(address)[0]
	_, err = fmt.Fprintf(connection, "GET /dashboard/live?%s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nCookie: %s=%s\r\n\r\n",
		url.Values{"topic": {topic}}.Encode(), address.Host, cookie.Name, cookie.Value)
	v.must(err)
	return &deaf{v.t, connection}
}

// isCutOff tells whether the server gives up soon. Reading would make the browser quick again, so it
// sends: what comes for a connection that is closed is answered with a reset.
func (d *deaf) isCutOff() bool {
	d.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if _, err := d.connection.Write([]byte("\r\n")); err != nil {
			return true
		}
	}
	return false
}
