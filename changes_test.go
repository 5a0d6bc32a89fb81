package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestChangesUnderLoadLoseNothing (T1, T2, T5, T6, T7) changes a running application in every way while
// requests and WebSockets go on: over connections that stay and new ones, with containers that end when
// told and such that do not. No request fails, no WebSocket is cut before its drain deadline.
func TestChangesUnderLoadLoseNothing(t *testing.T) {
	changes, rate, sockets := 6, 60, 10
	if os.Getenv("PAASTECH_SOAK") == "1" {
		changes, rate, sockets = 50, 300, 50
	}
	const drain = 3 * time.Second
	a := newEcho(t, drain)
	ctx, stop := context.WithCancel(t.Context())
	load := &load{t: t, host: a.host, ingress: a.ingress}
	var clients sync.WaitGroup
	clients.Go(func() { load.requests(ctx, rate) })
	for range sockets {
		clients.Go(func() { load.socket(ctx) })
	}
	for n := range changes {
		a.change(n)
	}
	time.Sleep(drain + time.Second) // the last drain is part of it
	stop()
	clients.Wait()
	t.Logf("%d changes, %d requests, slowest %s; %d WebSockets, %d of them cut at their deadline",
		changes, load.sent.Load(), time.Duration(load.slowest.Load()), load.opened.Load(), len(load.cuts))
	if load.failed.Load() > 0 || load.sent.Load() == 0 {
		t.Errorf("%d of %d requests failed; the first: %s", load.failed.Load(), load.sent.Load(), load.first)
	}
	a.checkCuts(load.cuts, drain)
}

// echo is a daemon with an application of testdata/apps live in it: echo, where nothing else is said.
type echo struct {
	*doomed
	id, host, ingress, dir string
}

func newEcho(t testing.TB, drain time.Duration) *echo { return newApplication(t, "echo", drain) }

// newPlain is newEcho with an application that only answers, and is built in a moment.
func newPlain(t testing.TB, drain time.Duration) *echo { return newApplication(t, "plain", drain) }

func newApplication(t testing.TB, name string, drain time.Duration) *echo {
	t.Helper()
	a := &echo{doomed: newDoomed(t), dir: filepath.Join(t.TempDir(), name)}
	key := filepath.Join(t.TempDir(), "id")
	a.env = append(a.env, "PAASTECH_SERVER=http://"+a.address, "PAASTECH_DEPLOY_DRAINTIMEOUT="+drain.String(), "PAASTECH_DEPLOY_GRACETIMEOUT=2s")
	a.env = append(a.env, gitVariables(key)...)
	a.ingress = a.variable("PAASTECH_INGRESS_LISTEN")
	a.start()
	if err := os.CopyFS(a.dir, os.DirFS("testdata/apps/"+name)); err != nil {
		t.Fatal(err)
	}
	a.run("paastech", "login", "-e", "eve@example.com", "-p", "password of eve")
	a.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	a.run("paastech", "keys", "add", key+".pub")
	a.run("git", "init", "-q", "-b", "main")
	a.run("git", "add", ".")
	a.run("git", "commit", "-qm", "first")
	a.run("paastech", "init", name, "--yes")
	a.run("git", "push", "-q", "paastech", "main")
	var project struct{ ID string }
	if err := json.Unmarshal([]byte(a.run("paastech", "projects", "info", "--json")), &project); err != nil {
		t.Fatal(err)
	}
	a.id, a.host = project.ID, project.ID+".user-app.localhost"
	return a
}

// gitVariables make git ours alone, with that key.
func gitVariables(key string) []string {
	return []string{"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Eve", "GIT_AUTHOR_EMAIL=e@example.com", "GIT_COMMITTER_NAME=Eve", "GIT_COMMITTER_EMAIL=e@example.com",
		"GIT_SSH_COMMAND=ssh -i " + key + " -o IdentitiesOnly=yes -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR"}
}

// run runs a command in the application's repository.
func (a *echo) run(name string, args ...string) string {
	a.t.Helper()
	command := exec.Command(name, args...)
	command.Env, command.Dir = a.env, a.dir
	out, err := command.Output()
	if err != nil {
		var said []byte
		if exit, is := err.(*exec.ExitError); is {
			said = exit.Stderr
		}
		a.t.Fatalf("%s %v: %v\n%s%s", name, args, err, out, said)
	}
	return string(out)
}

// change makes the n-th change, each of another kind than the one before, and waits until it is live.
func (a *echo) change(n int) {
	a.t.Helper()
	ignore := ""
	if n%2 == 0 {
		ignore = "1"
	}
	project, body, method, path := "/projects/"+a.id, any(nil), http.MethodPost, "/restart"
	switch n % 6 {
	case 1, 4:
		method, path, body = http.MethodPatch, "/env", map[string]any{"env": map[string]string{"IGNORE_TERM": ignore, "N": fmt.Sprint(n)}}
	case 2:
		method, path, body = http.MethodPatch, "/scale", map[string]int{"web": 1 + n/6%2}
	case 3:
		path = "/deployments/" + a.newest(1) + "/rollback"
	case 5:
		method, path, body = http.MethodPatch, "", map[string]any{"settings": map[string]any{"app": map[string]any{"limits": map[string]any{"pids": 100 + n}}}}
	}
	if status := a.call(method, project+path, body, nil); status != http.StatusOK {
		a.t.Fatalf("change %d (%s %s): %d", n, method, project+path, status)
	}
}

// deployment is what the trials look at.
type deployment struct {
	Number    int
	CreatedAt time.Time
	LiveAt    *time.Time
	EndedAt   *time.Time
}

func (a *echo) deployments() []deployment {
	a.t.Helper()
	var all []deployment
	if status := a.call(http.MethodGet, "/projects/"+a.id+"/deployments?limit=200", nil, &all); status != http.StatusOK {
		a.t.Fatalf("deployments: %d", status)
	}
	return all
}

// newest is the number of the newest deployment but so many.
func (a *echo) newest(before int) string { return fmt.Sprint(a.deployments()[before].Number) }

// checkCuts holds every WebSocket's end against the first version that went live after its beginning:
// that one's swap is when its drain began.
func (a *echo) checkCuts(cuts []cut, drain time.Duration) {
	a.t.Helper()
	all := a.deployments()
	for _, c := range cuts {
		var swapped, before time.Time
		for i := len(all) - 1; i >= 0; i-- { // the oldest first
			if at := all[i].LiveAt; at != nil && at.After(c.opened) {
				swapped = *at
				break
			} else if at != nil {
				before = *at
			}
		}
		// A version is kept as live before traffic goes to it: what was opened in between is the version's
		// before, and has its drain from then on.
		if c.opened.Sub(before) < time.Second && c.ended.Sub(c.opened) >= drain {
			continue
		}
		if lived := c.ended.Sub(swapped); swapped.IsZero() || lived < drain-100*time.Millisecond {
			a.t.Errorf("a WebSocket of %s was cut %s after the swap at %s, before its deadline of %s", c.opened, lived, swapped, drain)
		}
	}
}

// load is the traffic of one application.
type load struct {
	t             *testing.T
	host, ingress string

	sent, failed, slowest, opened atomic.Int64

	mu    sync.Mutex
	first string // what went wrong first; guarded by mu
	cuts  []cut  // guarded by mu
}

// cut is a WebSocket that was ended by the other side.
type cut struct{ opened, ended time.Time }

// requests sends so many a second until ctx ends, every other one over a new connection, some slow.
func (l *load) requests(ctx context.Context, rate int) {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, l.ingress)
	}
	kept := &http.Transport{DialContext: dial, MaxIdleConnsPerHost: rate}
	fresh := &http.Transport{DialContext: dial, DisableKeepAlives: true}
	defer kept.CloseIdleConnections()
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var requests sync.WaitGroup
	defer requests.Wait()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		transport, path := kept, "/"
		if n%2 == 0 {
			transport = fresh
		}
		if n%20 == 0 {
			path = "/slow?ms=1500"
		}
		requests.Go(func() { l.request(transport, path) })
	}
}

func (l *load) request(transport *http.Transport, path string) {
	began := time.Now()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	l.sent.Add(1)
	response, err := client.Get("http://" + l.host + path)
	said := ""
	if err == nil {
		var body []byte
		if body, err = io.ReadAll(response.Body); err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", response.Status, body)
		}
		response.Body.Close()
	}
	if err != nil {
		said = fmt.Sprintf("%s after %s: %v", path, time.Since(began), err)
		l.failed.Add(1)
		l.mu.Lock()
		if l.first == "" {
			l.first = said
		}
		l.mu.Unlock()
	}
	if took := int64(time.Since(began)); path == "/" && took > l.slowest.Load() {
		l.slowest.Store(took)
	}
}

// socket keeps one WebSocket open until ctx ends, and opens it again when it was cut.
func (l *load) socket(ctx context.Context) {
	for ctx.Err() == nil {
		opened := time.Now()
		conn, reader, err := l.upgrade()
		if err != nil {
			l.failed.Add(1)
			l.t.Errorf("open a WebSocket: %v", err)
			return
		}
		l.opened.Add(1)
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		for err == nil {
			if _, err = conn.Write([]byte("x")); err == nil {
				_, err = reader.ReadByte()
			}
			time.Sleep(20 * time.Millisecond)
		}
		if stop() {
			_ = conn.Close()
			l.mu.Lock()
			l.cuts = append(l.cuts, cut{opened, time.Now()})
			l.mu.Unlock()
		}
	}
}

func (l *load) upgrade() (net.Conn, *bufio.Reader, error) {
	conn, err := net.Dial("tcp", l.ingress)
	if err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReader(conn)
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", l.host)
	response, err := http.ReadResponse(reader, nil)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("answered %s", response.Status)
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, reader, nil
}
