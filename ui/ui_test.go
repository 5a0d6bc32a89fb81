package ui_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/store"
	"github.com/paastech-cloud/paastech/ui"
	"github.com/paastech-cloud/paastech/web"
)

const password = "correct horse"

// idle is an engine that runs nothing, a router and repositories that forget.
type (
	idleRepositories struct{ paas.Repositories }
)

func (idleRepositories) Create(context.Context, paas.ProjectID) error          { return nil }
func (idleRepositories) Delete(context.Context, paas.ProjectID) error          { return nil }
func (idleRepositories) Size(context.Context, paas.ProjectID) (int64, error)   { return 3 << 20, nil }
func (idleRepositories) SetHead(context.Context, paas.ProjectID, string) error { return nil }
func (idleRepositories) Projects(context.Context) ([]paas.ProjectID, error)    { return nil, nil }

// Resolve knows main alone.
func (idleRepositories) Resolve(_ context.Context, _ paas.ProjectID, branch string) (paas.CommitID, error) {
	if branch != "main" {
		return "", paas.Errorf(paas.NotFound, paas.ENotFound, "no such branch")
	}
	return "c0ffee", nil
}

// catcher keeps mails in the store.
type catcher struct{}

func (catcher) Send(context.Context, paas.Mail) error { return nil }
func (catcher) Catches() bool                         { return true }
func (catcher) Render(mail paas.Mail) (paas.Message, error) {
	return paas.Message{Subject: "about " + string(mail.Kind), HTML: "<b>an HTML part</b>", Text: "a text part"}, nil
}

// visitor is somebody with a browser, at a server with the pages.
type visitor struct {
	*http.Client
	t        testing.TB
	base     string
	server   *web.Server
	platform *paas.Platform
	store    *store.Store
	ada      paas.User
	dir      string // of data
	end      func() // begins to end the server
}

// withoutDevelopment makes a server of the usual kind.
func withoutDevelopment(o *web.Options) { o.Development = false }

// trustLoopback lets a visitor say where it comes from.
func trustLoopback(o *web.Options) {
	o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// moved is a way to the server from another address each time that it is told.
type moved struct{ address string }

func (m *moved) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-For", m.address)
	return http.DefaultTransport.RoundTrip(r)
}

// from makes the visitor come from the nth address, so that limits stay away.
func (v *visitor) from(n int) {
	v.Transport = &moved{fmt.Sprintf("198.51.%d.%d", n/250, n%250)}
}

// newVisitor starts a platform to develop with; changes are functions of paas.Options, of web.Options, and of what these make.
func newVisitor(t testing.TB, changes ...any) *visitor {
	t.Helper()
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	v := &visitor{t: t, dir: dir}
	var err error
	check := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	v.store, err = store.Open(t.Context(), store.Options{DataDir: dir})
	check()
	t.Cleanup(func() { v.store.Close() })
	key := make([]byte, 32)
	rand.Read(key)
	hub := paas.Options{
		Store: v.store, Engine: paastest.Engine{}, Builder: paastest.Builder{}, Router: paastest.Router{}, Logbook: &paastest.Logbook{}, Repositories: idleRepositories{}, Mailer: catcher{},
		DataDir: dir, Domain: "localhost", AppURL: &url.URL{Scheme: "http", Host: "x:8080"}, Log: log,
		Accounts: paas.Accounts{Registration: paas.RegistrationOpen},
	}
	front := web.Options{Listen: "127.0.0.1:0", SigningKey: key, GitAddress: "127.0.0.1:2222", Development: true, Logger: log}
	for _, change := range changes {
		switch change := change.(type) {
		case func(*paas.Options):
			change(&hub)
		case func(*web.Options):
			change(&front)
		}
	}
	v.platform, err = paas.New(hub)
	check()
	v.server, err = web.New(v.platform, front)
	check()
	err = ui.Register(v.server, v.platform)
	check()
	for _, change := range changes {
		if more, ok := change.(func(*web.Server, *paas.Platform) error); ok {
			err = more(v.server, v.platform)
			check()
		}
	}
	ctx, cancel := context.WithCancel(context.Background()) // until the browsers of the test are closed
	v.end = cancel
	ended := make(chan error, 2)
	go func() { ended <- v.server.Run(ctx) }()
	go func() { ended <- v.platform.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended; <-ended })
	v.ada, err = v.platform.CreateUser(t.Context(), paas.NewUser{Username: "ada", Email: "ada@example.com", Password: password})
	check()
	jar, err := cookiejar.New(nil)
	check()
	v.Client, v.base = &http.Client{Jar: jar}, "http://"+v.server.Addr().String()
	return v
}

// visit follows redirects; it returns the page's path, status and text.
func (v *visitor) visit(path string) (string, int, string) {
	v.t.Helper()
	response, err := v.Get(v.base + path)
	return v.read(response, err)
}

func (v *visitor) send(path string, form url.Values) (string, int, string) {
	v.t.Helper()
	response, err := v.PostForm(v.base+path, form)
	return v.read(response, err)
}

func (v *visitor) read(response *http.Response, err error) (string, int, string) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.Request.URL.RequestURI(), response.StatusCode, string(text)
}

func (v *visitor) login() {
	v.t.Helper()
	if path, status, _ := v.send("/login", url.Values{"email": {"ada@example.com"}, "password": {password}}); path != "/dashboard" || status != 200 {
		v.t.Fatalf("logged in to %s with %d", path, status)
	}
}

func (v *visitor) project(name string) paas.Project {
	v.t.Helper()
	project, err := v.platform.CreateProject(v.t.Context(), v.ada, name)
	if err != nil {
		v.t.Fatal(err)
	}
	return project
}

// deployment stores one that ended in state.
func (v *visitor) deployment(project paas.Project, state paas.State, why *paas.Diagnosis) {
	v.t.Helper()
	_, err := v.store.CreateDeployment(v.t.Context(), paas.Deployment{
		Project: project.ID, State: state, Reason: paas.ReasonPush, By: v.ada.ID, Branch: "main", Commit: "c0ffee0123456789",
		Diagnosis: why, CreatedAt: time.Now().Add(-2 * time.Hour),
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) holds(page string, texts ...string) {
	v.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			v.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

func TestVisitorIsToldWhatThisIs(t *testing.T) {
	v := newVisitor(t)
	_, status, page := v.visit("/")
	if status != 200 {
		t.Errorf("%d", status)
	}
	v.holds(page, "git push", `href="/login"`, "paastech login --server "+v.base)
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("the page needs what the policy forbids")
	}
}

func TestLoginLeadsWhereOneWanted(t *testing.T) {
	v := newVisitor(t)
	project := v.project("hello")
	wanted := "/dashboard/" + string(project.ID)
	path, _, _ := v.visit(wanted)
	if path != "/login?next="+url.QueryEscape(wanted) {
		t.Fatalf("sent to %s", path)
	}
	path, status, page := v.send("/login", url.Values{"email": {"ada@example.com"}, "password": {"wrong <b>"}, "next": {wanted}})
	if path != "/login" || status != http.StatusUnauthorized {
		t.Errorf("%s, %d", path, status)
	}
	v.holds(page, `value="ada@example.com"`, `value="`+wanted+`"`, `role="alert"`)
	if strings.Contains(page, "wrong <b>") || strings.Contains(page, "wrong &lt;b&gt;") {
		t.Error("the page repeats the password")
	}
	if path, status, _ = v.send("/login", url.Values{"email": {"ada@example.com"}, "password": {password}, "next": {wanted}}); path != wanted || status != 200 {
		t.Errorf("%s, %d", path, status)
	}
	if path, _, _ = v.visit("/login"); path != "/dashboard" {
		t.Errorf("who is logged in gets %s", path)
	}
}

func TestLoginLeadsNowhereElse(t *testing.T) {
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/\tx", "javascript:alert(1)", "evil", "", "/%2f/..//"} {
		v := newVisitor(t)
		v.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if "http://"+r.URL.Host != v.base || r.URL.Path != "/dashboard" && next != "/%2f/..//" {
				t.Errorf("%q leads to %s", next, r.URL)
			}
			return http.ErrUseLastResponse
		}
		v.send("/login", url.Values{"email": {"ada@example.com"}, "password": {password}, "next": {next}})
	}
}

func TestLogout(t *testing.T) {
	v := newVisitor(t)
	v.login()
	if path, status, _ := v.send("/logout", nil); path != "/" || status != 200 {
		t.Errorf("%s, %d", path, status)
	}
	if path, _, _ := v.visit("/dashboard"); !strings.HasPrefix(path, "/login") {
		t.Errorf("after logging out: %s", path)
	}
}

func TestDashboard(t *testing.T) {
	v := newVisitor(t)
	v.login()
	_, _, page := v.visit("/dashboard")
	v.holds(page, "paastech login --server", "paastech init", "git push paastech main")
	project := v.project("hello")
	v.deployment(project, paas.Failed, &paas.Diagnosis{Code: paas.ENoPort, Message: "the app <never> listened."})
	v.project("new-one")
	_, _, page = v.visit("/dashboard")
	v.holds(page, `href="/dashboard/`+string(project.ID)+`"`, v.platform.ProjectURL(project.ID), `status failed`, `status new`, "2 hours ago", "nothing pushed yet")
	_, _, page = v.visit("/dashboard/" + string(project.ID))
	v.holds(page, "ssh://git@127.0.0.1:2222/"+string(project.ID)+".git", "E_NO_PORT", "the app &lt;never&gt; listened.", "c0ffee0")
}

func TestFailuresArePages(t *testing.T) {
	v := newVisitor(t)
	_, status, page := v.visit("/nothing")
	if status != 404 {
		t.Errorf("%d", status)
	}
	v.holds(page, "Nothing here", "E_NOT_FOUND", "<!doctype html>")
	v.login()
	if _, status, _ = v.visit("/dashboard/00000000-0000-4000-8000-000000000000"); status != 404 {
		t.Errorf("%d", status)
	}
	v.store.Close()
	if _, status, page = v.visit("/dashboard/profile"); status != 500 || strings.Contains(page, "sql") {
		t.Errorf("%d %s", status, page)
	}
}

func TestStyleSheetIsKept(t *testing.T) {
	v := newVisitor(t)
	_, _, page := v.visit("/")
	_, after, _ := strings.Cut(page, `<link rel="stylesheet" href="`)
	path, _, _ := strings.Cut(after, `"`)
	response, err := v.Get(v.base + path)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 || !strings.Contains(response.Header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/css") {
		t.Errorf("%s: %d %v", path, response.StatusCode, response.Header)
	}
}
