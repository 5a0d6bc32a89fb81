package api_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/api"
	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/logbook"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/store"
	"github.com/paastech-cloud/paastech/ui"
	"github.com/paastech-cloud/paastech/web"
)

const (
	password = "correct horse"
	hostKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdgxZWzKI9l6zfOr7hkP5QIzOUTUv5Qz8PnPZBQCUpJ"
	adasKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMS2xLtxxxkq6qhkGQ0v9VX0mhM0hV3a2jQvZ7o2bFYl ada@laptop"
)

// world is both servers over a platform of fakes and a real store, with a user ada and her project,
// another user bob, and an administrator eve.
type world struct {
	t               testing.TB
	platform        *paas.Platform
	engine          *engine
	store           *store.Store
	logbook         *logbook.Logbook
	server          *web.Server
	local           *client.Local
	ada, bob, admin person
	project         wire.Project
	contract        *contract
	dir             string // of data
	end             func()
}

// person is a user with a client that is logged in.
type person struct {
	paas.User
	*client.Client
	token paas.Secret
}

func newWorld(t testing.TB) *world { return newWorldWith(t, settings{}) }

// newWorldOn keeps its state in a database; "" is SQLite.
func newWorldOn(t testing.TB, database string) *world {
	t.Helper()
	return newWorldWith(t, settings{database: database})
}

// settings are what can be different in a world.
type settings struct {
	database string // "" is SQLite
	accounts paas.Accounts
	log      io.Writer // of everything; nil is the test's own, which has less
	proxied  bool      // callers say what address they come from
	git      bool      // real repositories
}

func newWorldWith(t testing.TB, settings settings) *world {
	t.Helper()
	w := &world{t: t, engine: &engine{containers: map[paas.ContainerID]*paas.Container{}}}
	dir := t.TempDir()
	w.dir = dir
	level := slog.LevelDebug
	if settings.log == nil {
		settings.log, level = t.Output(), slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(settings.log, &slog.HandlerOptions{Level: level}))
	w.must(func() (err error) {
		w.store, err = store.Open(t.Context(), store.Options{URL: settings.database, DataDir: dir})
		return
	})
	t.Cleanup(func() { w.store.Close() })
	w.must(func() (err error) {
		w.logbook, err = logbook.Open(logbook.Options{Dir: filepath.Join(dir, "applogs"), Log: log})
		return
	})
	w.must(func() (err error) {
		w.platform, err = paas.New(paas.Options{
			Store: w.store, Engine: w.engine, Builder: builder{}, Router: paastest.Router{Root: []byte("a CA")}, Repositories: w.repositories(settings.git), Logbook: w.logbook,
			DataDir: dir, Domain: "localhost", AppURL: &url.URL{Scheme: "http", Host: "x:8080"}, Log: log,
			Accounts: settings.accounts, ReadyTimeout: time.Second, DrainTimeout: time.Second, GraceTimeout: time.Second,
		})
		return
	})
	w.serve(filepath.Join(dir, "paastech.sock"), log, settings.proxied)
	w.contract = newContract(t, w.server)
	w.ada, w.bob, w.admin = w.person("ada", false), w.person("bob", false), w.person("eve", true)
	w.must(func() (err error) { w.project, err = w.ada.CreateProject(t.Context(), "hello"); return })
	return w
}

func (w *world) must(do func() error) {
	w.t.Helper()
	if err := do(); err != nil {
		w.t.Fatal(err)
	}
}

// repositories are fakes, or git's.
func (w *world) repositories(real bool) paas.Repositories {
	w.t.Helper()
	if !real {
		return repositories{}
	}
	opened, err := gitserver.OpenRepositories(filepath.Join(w.dir, "repositories"))
	if err != nil {
		w.t.Fatal(err)
	}
	return opened
}

func (w *world) serve(socket string, log *slog.Logger, proxied bool) {
	w.t.Helper()
	var proxies []netip.Prefix
	if proxied {
		proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	key := make([]byte, 32)
	rand.Read(key)
	w.must(func() (err error) {
		w.server, err = web.New(w.platform, web.Options{Listen: "127.0.0.1:0", SigningKey: key, GitAddress: "127.0.0.1:2222", TrustedProxies: proxies, Logger: log})
		return
	})
	w.must(func() error {
		return api.Register(w.server, w.platform, api.Options{Version: "v0", HostKeys: []string{hostKey}, AppSchema: []byte(`{"type":"object"}`)})
	})
	w.must(func() error { return ui.Register(w.server, w.platform) })
	var local *web.Local
	w.must(func() (err error) {
		local, err = web.NewLocal(w.platform, web.LocalOptions{Path: socket, Logger: log})
		return
	})
	w.must(func() error { return api.RegisterLocal(local, w.platform) })
	w.local = client.NewLocal(socket)
	w.run(w.logbook.Run, w.platform.Run, w.server.Run, local.Run)
}

func (w *world) run(components ...func(context.Context) error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var running sync.WaitGroup
	for _, run := range components {
		running.Go(func() {
			if err := run(ctx); err != nil {
				w.t.Errorf("Run: %v", err)
			}
		})
	}
	w.end = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	w.t.Cleanup(w.end)
}

func (w *world) anonymous() *client.Client {
	w.t.Helper()
	c, err := client.New("http://"+w.server.Addr().String(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return c.WithTransport(w.contract.client())
}

func (w *world) person(name string, admin bool) person {
	w.t.Helper()
	account := wire.NewUser{Username: name, Email: name + "@example.com", Password: password, Admin: admin}
	made, err := w.local.CreateUser(w.t.Context(), account)
	if err != nil {
		w.t.Fatal(err)
	}
	session, err := w.anonymous().Login(w.t.Context(), account.Email, password)
	if err != nil {
		w.t.Fatal(err)
	}
	user := paas.User{ID: made.ID, Username: made.Username, IsAdmin: made.IsAdmin}
	return person{user, w.anonymous().WithToken(session.AccessToken), session.AccessToken}
}

// push deploys an image to ada's project, as the git server would.
func (w *world) push(image string) error {
	project, err := w.platform.Project(w.t.Context(), w.ada.User, w.project.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.platform.Push(w.t.Context(), paas.Push{
		Project: project, By: w.ada.User, Source: source(image), Output: io.Discard,
		Updates: []paas.RefUpdate{{Ref: "refs/heads/main", Old: "0000", New: "c0ffee"}},
	})
}

func (w *world) mustPush(image string) {
	w.t.Helper()
	w.must(func() error { return w.push(image) })
}

func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// raw sends a request as the API's other clients do; body "" means none.
func (w *world) raw(method, path, body string, token paas.Secret) (int, map[string]any) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.server.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	response, err := w.contract.RoundTrip(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	answer := map[string]any{}
	if response.Header.Get("Content-Type") == "text/event-stream" { // goes on for ever
		return response.StatusCode, answer
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		answer["message"] = string(text)
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &answer); err != nil {
			w.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return response.StatusCode, answer
}
