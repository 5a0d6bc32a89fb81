package web_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/store"
	"github.com/paastech-cloud/paastech/web"
)

func (d *door) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// restart is another daemon on the same data.
func (d *door) restart() *door {
	d.t.Helper()
	d.end()
	d.must(d.platform.Store.(*store.Store).Close())
	again := &door{t: d.t, log: d.log, ada: d.ada}
	data, err := store.Open(d.t.Context(), store.Options{DataDir: d.platform.DataDir})
	d.must(err)
	d.t.Cleanup(func() { data.Close() })
	options := d.platform.Options
	options.Store = data
	again.platform, err = paas.New(options)
	d.must(err)
	again.Server, err = web.New(again.platform, web.Options{Listen: "127.0.0.1:0", SigningKey: signingKey, Logger: slog.New(slog.DiscardHandler)})
	d.must(err)
	d.must(again.Handle(again.testRoutes()...))
	again.run()
	return again
}

func (d *door) nowAndRestarted(check func(*door)) {
	check(d)
	check(d.restart())
}

// TestCapturedTokensDie is trial T39: a token that somebody took is worth nothing from the moment that
// its session ended, over a restart too.
func TestCapturedTokensDie(t *testing.T) {
	for name, end := range map[string]func(*door){
		"nothing": nil,
		"logout":  func(d *door) { d.expect(http.StatusOK, "POST", "/api/logout", "", withBearer(d.token)) },
		"password change": func(d *door) {
			user, err := d.platform.UserByName(t.Context(), "ada")
			d.must(err)
			d.must(d.platform.ChangePassword(t.Context(), user, password, "another password", netip.Addr{}))
		},
		"new password from the host": func(d *door) { d.must(d.platform.SetPassword(t.Context(), "ada", "another password")) },
		"deletion": func(d *door) {
			user, err := d.platform.UserByName(t.Context(), "ada")
			d.must(err)
			d.must(d.platform.DeleteOwnAccount(t.Context(), user, password, netip.Addr{}))
		},
		"role change": func(d *door) {
			_, err := d.platform.CreateUser(t.Context(), paas.NewUser{Username: "root-1", Email: "root@example.com", Password: password, IsAdmin: true})
			d.must(err)
			_, err = d.platform.SetAdmin(t.Context(), "ada", true)
			d.must(err)
			_, err = d.platform.SetAdmin(t.Context(), "ada", false)
			d.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, nil)
			d.expect(http.StatusOK, "GET", "/api/mine", "", withBearer(d.token))
			want := http.StatusOK
			if end != nil {
				end(d)
				want = http.StatusUnauthorized
			}
			d.nowAndRestarted(func(at *door) {
				at.expect(want, "GET", "/api/mine", "", withBearer(d.token))
				at.expect(want, "GET", "/api/mine", "", func(r *http.Request) { r.AddCookie(d.cookie) })
			})
		})
	}
}

// TestRemovedAPITokensDie is the part of trial T39 about API tokens.
func TestRemovedAPITokensDie(t *testing.T) {
	d := open(t, nil)
	token, secret, err := d.platform.CreateToken(t.Context(), d.ada, paas.NewToken{Name: "ci", Scope: paas.ScopeRead})
	d.must(err)
	d.expect(http.StatusOK, "GET", "/api/mine", "", withBearer(secret.Reveal()))
	d.expect(http.StatusUnauthorized, "GET", "/api/mine", "", func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "access", Value: secret.Reveal()}) // cookies are for sessions
	})
	if body := d.expect(http.StatusForbidden, "POST", "/api/mine", "{}", withBearer(secret.Reveal())); !strings.Contains(body, string(paas.EScope)) {
		t.Error(body)
	}
	d.must(d.platform.RemoveToken(t.Context(), d.ada.ID, token.ID))
	d.nowAndRestarted(func(at *door) {
		at.expect(http.StatusUnauthorized, "GET", "/api/mine", "", withBearer(secret.Reveal()))
	})
}

// enter logs in from an address that a proxy told.
func (d *door) enter(from, password string) *http.Response {
	d.t.Helper()
	response, _ := d.send("POST", "/api/enter", fmt.Sprintf(`{"email":"ada@example.com","password":%q}`, password), func(r *http.Request) {
		r.Header.Set("X-Forwarded-For", from)
	})
	return response
}

// TestWrongLoginsAreCounted is trial T36, but for the limiter's bound (paas/limiter_test.go).
func TestWrongLoginsAreCounted(t *testing.T) {
	d := open(t, func(o *web.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	for i := range 10 {
		if response := d.enter("203.0.113.7", "wrong password"); response.StatusCode != http.StatusUnauthorized {
			t.Fatalf("wrong log-in %d: %d", i+1, response.StatusCode)
		}
	}
	for _, try := range []string{"wrong password", password} {
		response := d.enter("203.0.113.7", try)
		wait, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if response.StatusCode != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 60 {
			t.Errorf("the 11th with %q: %d, Retry-After %q", try, response.StatusCode, response.Header.Get("Retry-After"))
		}
	}
	if response := d.enter("203.0.113.8", password); response.StatusCode != http.StatusOK {
		t.Errorf("from elsewhere: %d", response.StatusCode)
	}

	direct := open(t, nil) // no proxy is configured: what a client says of its address is nothing
	for i := range 11 {
		want := http.StatusUnauthorized
		if i == 10 {
			want = http.StatusTooManyRequests
		}
		if response := direct.enter(fmt.Sprintf("203.0.113.%d", i), "wrong password"); response.StatusCode != want {
			t.Errorf("wrong log-in %d under a false address: %d", i+1, response.StatusCode)
		}
	}
}

// TestAddressesAreText: what no database keeps as text is refused before anybody looks for it.
func TestAddressesAreText(t *testing.T) {
	d := open(t, nil)
	for _, path := range []string{"/api/open?name=%00", "/api/open?name=%ff", "/api/open?%c0=a", "/api/open?name=%zz"} {
		d.expect(http.StatusBadRequest, "GET", path, "", nil)
	}
	for _, path := range []string{"/api/links/a%00b", "/api/links/%ff"} {
		d.expect(http.StatusBadRequest, "POST", path, "", nil)
	}
	d.expect(http.StatusOK, "GET", "/api/open?name=%F0%9F%A6%86", "", nil)
}

// TestAuditKnowsNoSecrets: a mailed link's secret is no target, and a failure that a page shows is none
// of nobody's deeds.
func TestAuditKnowsNoSecrets(t *testing.T) {
	d := open(t, nil)
	d.expect(http.StatusOK, "POST", "/api/links/canary-link", "", nil)
	d.expect(http.StatusBadRequest, "POST", "/shown", "", nil)
	d.expect(http.StatusBadRequest, "POST", "/shown", "", withBearer(d.token))
	entries, err := d.platform.Audit(t.Context(), paas.AuditQuery{Limit: 100})
	d.must(err)
	shown := 0
	for _, entry := range entries {
		if strings.Contains(fmt.Sprint(entry), "canary") {
			t.Errorf("the audit has the secret of a link: %+v", entry)
		}
		if entry.Action != "POST /shown" {
			continue
		}
		if shown++; entry.Name != "ada" || entry.Result != paas.EInvalid {
			t.Errorf("a shown failure is recorded as %+v", entry)
		}
	}
	if shown != 1 {
		t.Errorf("%d shown failures are recorded, not that of ada alone", shown)
	}
}
