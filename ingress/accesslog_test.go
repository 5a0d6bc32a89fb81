package ingress

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// loggedLine is a line of the access log, as programs read it.
type loggedLine struct {
	Time                                                 time.Time
	Host, Project, Method, Path, Protocol, Client, Agent string
	Status                                               int
	Bytes                                                int64
	MS                                                   float64
	Broken                                               bool
}

// linesOf reads the log once it has as many lines as there should be.
func linesOf(t *testing.T, path string, want int) []loggedLine {
	t.Helper()
	var lines []loggedLine
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Count(text, []byte("\n")) >= want || time.Now().After(deadline) {
			for line := range bytes.Lines(text) {
				var read loggedLine
				decoder := json.NewDecoder(bytes.NewReader(line))
				decoder.DisallowUnknownFields()
				must(t, decoder.Decode(&read))
				lines = append(lines, read)
			}
			break
		}
	}
	if len(lines) != want {
		t.Fatalf("%d lines, not %d: %+v", len(lines), want, lines)
	}
	return lines
}

// TestEachRequestIsInTheAccessLog, on every road, with what came of it and without its query.
func TestEachRequestIsInTheAccessLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	i := secured(t, Options{AccessLog: AccessLog{File: path, Sample: 1}})
	plain := running(t, Options{AccessLog: AccessLog{File: path, Sample: 1}})
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, strings.Repeat("x", 500))
			return
		case "/bad":
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 300))
	})
	i.Replace(live(target))
	plain.Replace(live(target))
	var expected []loggedLine
	visit := func(client *http.Client, base, protocol, method, path string, status int, sent int64, edit func(*http.Request)) {
		request, err := http.NewRequest(method, base+path+"?token=secret", nil)
		must(t, err)
		request.Host = string(app)
		request.Header.Set("User-Agent", "tester/1")
		if edit != nil {
			edit(request)
		}
		answer, err := client.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
		if broken := path == "/broken"; broken != (err != nil) {
			t.Errorf("%s %s: %v", protocol, path, err)
		}
		expected = append(expected, loggedLine{Host: request.Host, Project: "p", Method: method, Path: path, Protocol: protocol, Client: "127.0.0.1", Agent: "tester/1", Status: status, Bytes: sent, Broken: path == "/broken"})
		if request.Host != string(app) {
			expected[len(expected)-1].Project = ""
		}
	}
	m := &mixed{t: t}
	unusual := func(r *http.Request) { r.Header.Set("Expect", "100-continue") }
	for _, road := range []struct {
		client         *http.Client
		base, protocol string
	}{
		{newClient(t), "http://" + plain.Address(), "HTTP/1.1"}, {h2c(t), "http://" + plain.Address(), "HTTP/2.0"}, {m.trusting(false), "https://" + i.AddressTLS(), "HTTP/1.1"},
		{m.trusting(true), "https://" + i.AddressTLS(), "HTTP/2.0"}, {h3(t), "https://" + i.AddressTLS(), "HTTP/3.0"},
	} {
		visit(road.client, road.base, road.protocol, http.MethodGet, "/a%2Fb", 200, 300, nil)
		visit(road.client, road.base, road.protocol, http.MethodPost, "/a", 200, 300, unusual)
		visit(road.client, road.base, road.protocol, http.MethodHead, "/a", 200, 0, nil)
		visit(road.client, road.base, road.protocol, http.MethodGet, "/bad", 500, 300, nil)
		visit(road.client, road.base, road.protocol, http.MethodGet, "/broken", 200, 500, nil)
		visit(road.client, road.base, road.protocol, http.MethodGet, "/", 404, -1, func(r *http.Request) { r.Host = "nobody.example.com" })
	}
	plain.Replace(live(unused(t)))
	visit(newClient(t), "http://"+plain.Address(), "HTTP/1.1", http.MethodGet, "/gone", 502, -1, nil)
	got := linesOf(t, path, len(expected))
	if text, err := os.ReadFile(path); err != nil || bytes.Contains(text, []byte("secret")) {
		t.Errorf("a query is in the log (%v)", err)
	}
	count := map[loggedLine]int{}
	for _, line := range got {
		if line.MS < 0 || line.MS > 60_000 || time.Since(line.Time) > time.Minute || line.Status >= 400 && line.Bytes == 0 {
			t.Errorf("%+v", line)
		}
		if line.Status == 404 || line.Status == 502 {
			line.Bytes = -1 // a page of ours
		}
		line.Time, line.MS = time.Time{}, 0
		count[line]++
	}
	for _, line := range expected {
		if count[line]--; count[line] < 0 {
			t.Errorf("missing: %+v", line)
		}
	}
	for line, n := range count {
		if n > 0 {
			t.Errorf("unexpected: %+v", line)
		}
	}
	if state, err := os.Stat(path); err != nil || state.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", state.Mode(), err)
	}
}

// TestTheAccessLogIsSampled: what went wrong is always there.
func TestTheAccessLogIsSampled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	i := running(t, Options{AccessLog: AccessLog{File: path, Sample: 0}})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})))
	client := newClient(t)
	for n := range 30 {
		send(t, client, i, string(app), func(r *http.Request) {
			if n%10 == 0 {
				r.URL.Path = "/bad"
			}
		}).Body.Close()
	}
	for _, line := range linesOf(t, path, 3) {
		if line.Status != http.StatusInternalServerError {
			t.Errorf("%+v", line)
		}
	}
	half := &accessLog{sample: 0.5, file: &logFile{path: filepath.Join(t.TempDir(), "half")}}
	must(t, half.file.open())
	kept := 0
	for range 1000 {
		if half.keeps(access{status: 200}) {
			kept++
		}
	}
	if kept < 400 || kept > 600 { // 6 standard deviations
		t.Errorf("%d of 1000 were kept of a half", kept)
	}
}

// TestTheAccessLogFollowsItsPath when somebody moves the file away.
func TestTheAccessLogFollowsItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	i := running(t, Options{AccessLog: AccessLog{File: path, Sample: 1}})
	i.Replace(paas.Route{Host: app, Project: "p", State: paas.RouteLive, Targets: []netip.AddrPort{upstream(t, says("here"))}})
	get(t, i, string(app))
	linesOf(t, path, 1)
	must(t, os.Rename(path, path+".1"))
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			break
		}
	}
	get(t, i, string(app))
	linesOf(t, path, 1)
	linesOf(t, path+".1", 1)
}
