package web_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/store"
	"github.com/paastech-cloud/paastech/web"
	"github.com/paastech-cloud/paastech/web/problem"
)

const password = "correct horse"

// door is a running server over a real store, with the routes /api/open, /api/mine and /page, which
// say who asked.
type door struct {
	*web.Server
	t        *testing.T
	platform *paas.Platform
	log      *lockedText
	ada      paas.User
	token    string
	cookie   *http.Cookie
	watching chan struct{} // gets a value when /api/slow has begun
	end      func()
}

// lockedText is a log that a test reads while it is written.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var signingKey = func() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}()

func newPlatform(t *testing.T, log *slog.Logger) *paas.Platform {
	t.Helper()
	dir := t.TempDir()
	data, err := store.Open(t.Context(), store.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { data.Close() })
	platform, err := paas.New(paas.Options{Store: data, DataDir: dir, Domain: "localhost", AppURL: &url.URL{Scheme: "http"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return platform
}

func open(t *testing.T, change func(*web.Options)) *door {
	t.Helper()
	d := &door{t: t, log: &lockedText{}, watching: make(chan struct{}, 1)}
	log := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d.platform = newPlatform(t, log)
	options := web.Options{Listen: "127.0.0.1:0", SigningKey: signingKey, Logger: log}
	if change != nil {
		change(&options)
	}
	var err error
	if d.Server, err = web.New(d.platform, options); err != nil {
		t.Fatal(err)
	}
	if err := d.Handle(d.testRoutes()...); err != nil {
		t.Fatal(err)
	}
	d.run()
	d.ada, err = d.platform.CreateUser(t.Context(), paas.NewUser{Username: "ada", Email: "ada@example.com", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	d.login()
	return d
}

func (d *door) testRoutes() []web.Route {
	who := func(call *web.Call) error {
		return call.Answer(http.StatusOK, map[string]string{"user": call.Caller.Username})
	}
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/open", Level: web.Public, Handler: who},
		{Method: http.MethodGet, Path: "/api/mine", Level: web.Private, Handler: who},
		{Method: http.MethodPost, Path: "/api/mine", Level: web.Private, Handler: func(call *web.Call) error {
			var in struct {
				Name  string           `json:"name"`
				Inner map[string]int   `json:"inner"`
				List  []map[string]int `json:"list"`
			}
			if err := call.Decode(&in, web.Strict); err != nil {
				return err
			}
			return who(call)
		}},
		{Method: http.MethodGet, Path: "/page", Level: web.Private, Handler: who},
		{Method: http.MethodPost, Path: "/api/login", Level: web.Public, Handler: func(call *web.Call) error {
			session, user, err := d.platform.Login(call.Request().Context(), paas.LoginAttempt{Email: "ada@example.com", Password: password, From: call.From()})
			if err != nil {
				return err
			}
			token, err := call.Begin(session, user)
			if err != nil {
				return err
			}
			return call.Answer(http.StatusOK, token)
		}},
		{Method: http.MethodPost, Path: "/api/enter", Level: web.Public, Handler: func(call *web.Call) error {
			var in struct{ Email, Password string }
			if err := call.Decode(&in, web.Strict); err != nil {
				return err
			}
			_, _, err := d.platform.Login(call.Request().Context(), paas.LoginAttempt{Email: in.Email, Password: paas.Secret(in.Password), From: call.From()})
			if err != nil {
				return err
			}
			return who(call)
		}},
		{Method: http.MethodPost, Path: "/api/logout", Level: web.Private, Handler: func(call *web.Call) error {
			return d.platform.Logout(call.Request().Context(), call.Session)
		}},
		{Method: http.MethodPost, Path: "/api/links/:token", Level: web.Public, Handler: func(call *web.Call) error {
			call.Caller = d.ada
			return who(call)
		}},
		{Method: http.MethodPost, Path: "/shown", Level: web.Public, Handler: func(call *web.Call) error {
			return call.String(call.Refused(paas.Errorf(paas.Invalid, paas.EInvalid, "no")), "a page that says no")
		}},
		{Method: http.MethodGet, Path: "/api/broken", Level: web.Public, Handler: func(*web.Call) error { return errors.New("canary cause") }},
		{Method: http.MethodGet, Path: "/api/panics", Level: web.Public, Handler: func(*web.Call) error { panic("canary panic") }},
		{Method: http.MethodGet, Path: "/api/slow", Level: web.Public, Handler: func(call *web.Call) error {
			ctx, stop := call.Watching()
			defer stop(nil)
			d.watching <- struct{}{}
			<-ctx.Done()
			return context.Cause(ctx)
		}},
	}
}

func (d *door) run() {
	ctx, cancel := context.WithCancel(d.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	d.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			d.t.Errorf("Run: %v", err)
		}
	})
	d.t.Cleanup(d.end)
}

func (d *door) login() {
	d.t.Helper()
	response, body := d.send("POST", "/api/login", "", nil)
	if err := json.Unmarshal([]byte(body), &d.token); err != nil {
		d.t.Fatalf("log in: %v: %s", err, body)
	}
	d.cookie = response.Cookies()[0]
}

// send makes a request, edit changes it, and returns the response with its body read. No redirect is followed.
func (d *door) send(method, path, body string, edit func(*http.Request)) (*http.Response, string) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), method, "http://"+d.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if edit != nil {
		edit(request)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return response, string(text)
}

func withBearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// eventuallyLogged waits for what the log says after the answer is out.
func (d *door) eventuallyLogged(text string) {
	d.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(d.log.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("the log never said %q:\n%s", text, d.log)
		}
	}
}

func (d *door) expect(status int, method, path, body string, edit func(*http.Request)) string {
	d.t.Helper()
	response, text := d.send(method, path, body, edit)
	if response.StatusCode != status {
		d.t.Errorf("%s %s: %d, not %d: %s", method, path, response.StatusCode, status, text)
	}
	return text
}

func TestUndeclaredRoutesKeepTheServerFromStarting(t *testing.T) {
	d := open(t, nil)
	handler := func(*web.Call) error { return nil }
	for name, route := range map[string]web.Route{
		"no level":       {Method: "GET", Path: "/a", Handler: handler},
		"unknown level":  {Method: "GET", Path: "/a", Level: 99, Handler: handler},
		"owner of what":  {Method: "GET", Path: "/a/:identity", Level: web.Owner, Handler: handler},
		"host, publicly": {Method: "GET", Path: "/a", Level: web.Host, Handler: handler},
		"no handler":     {Method: "GET", Path: "/a", Level: web.Public},
		"declared twice": {Method: "GET", Path: "/api/open", Level: web.Public, Handler: handler},
	} {
		if err := d.Handle(route); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestFailuresHideTheirCause(t *testing.T) {
	d := open(t, nil)
	for path, cause := range map[string]string{"/api/broken": "canary cause", "/api/panics": "canary panic"} {
		body := d.expect(http.StatusInternalServerError, "GET", path, "", nil)
		var document problem.Document
		if err := json.Unmarshal([]byte(body), &document); err != nil || document.Code != paas.EInternal || document.ID == "" {
			t.Errorf("%s: %s", path, body)
		}
		if strings.Contains(body, "canary") || !strings.Contains(document.Message, document.ID) {
			t.Errorf("%s shows %s", path, body)
		}
		if log := d.log.String(); !strings.Contains(log, document.ID) || !strings.Contains(log, cause) {
			t.Errorf("%s: the log lacks the id or the cause", path)
		}
	}
}

func TestJSONForProgramsPagesForPeople(t *testing.T) {
	d := open(t, nil)
	d.ErrorPage(func(document problem.Document) ([]byte, error) { return []byte("<p>" + document.Message), nil })
	body := d.expect(http.StatusNotFound, "GET", "/api/nothing", "", nil)
	if want := `{"status":"error","statusCode":404,"code":"E_NOT_FOUND","message":"There is nothing at this address."}`; strings.TrimSpace(body) != want {
		t.Errorf("%s", body)
	}
	if body := d.expect(http.StatusNotFound, "GET", "/nothing", "", nil); !strings.HasPrefix(body, "<p>") {
		t.Errorf("%s", body)
	}
	d.expect(http.StatusMethodNotAllowed, "DELETE", "/api/open", "", nil)
	response, _ := d.send("GET", "/page?a=b", "", nil)
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/login?next=%2Fpage%3Fa%3Db" {
		t.Errorf("a page for nobody: %d to %s", response.StatusCode, response.Header.Get("Location"))
	}
}

func TestHeadersHoldBrowsersBack(t *testing.T) {
	d := open(t, nil)
	response, _ := d.send("GET", "/nothing", "", nil)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
	} {
		if got := response.Header.Get(name); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	d := open(t, nil)
	d.send("GET", "/nothing/canary-path?token=canary-query", "", func(r *http.Request) {
		withBearer("canary-bearer")(r)
		r.AddCookie(&http.Cookie{Name: "access", Value: "canary-cookie"})
	})
	d.eventuallyLogged("status=404")
	if log := d.log.String(); strings.Contains(log, "canary") || strings.Contains(log, d.token) || strings.Contains(log, password) {
		t.Errorf("the log holds a secret:\n%s", log)
	}
}

func TestWatchersHearOfTheEnd(t *testing.T) {
	d := open(t, nil)
	answered := make(chan string, 1)
	go func() {
		_, body := d.send("GET", "/api/slow", "", nil)
		answered <- body
	}()
	<-d.watching
	d.end()
	if body := <-answered; !strings.Contains(body, string(paas.EShuttingDown)) {
		t.Errorf("%s", body)
	}
}
