package ingress

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/ingress/certificate"
	"github.com/paastech-cloud/paastech/paas"
)

// An application has its certificate when its first client comes, by either challenge.
func TestCertificatesFromACME(t *testing.T) {
	for name, o := range map[string]acmeOptions{"HTTP-01": {noTLS: true}, "TLS-ALPN-01": {noHTTP: true}} {
		t.Run(name, func(t *testing.T) {
			w := newACMEWorld(t, o)
			i := w.ingress(nil)
			i.Replace(live(upstream(t, says("secure"))))
			answer, err := w.visit(i, app)
			if err != nil {
				t.Fatalf("%v; certificates %+v; the CA says:\n%s", err, i.Certificates(t.Context()), w.pebble.Log())
			}
			if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 {
				t.Errorf("got %s over %s", answer.Status, answer.Proto)
			}
			listed := i.Certificates(t.Context())
			if len(listed) != 1 || listed[0].Name != string(app) || !listed[0].Managed || time.Until(listed[0].NotAfter) < 80*24*time.Hour || listed[0].Error != "" {
				t.Errorf("listed: %+v", listed)
			}
			spent := w.orders() // a challenge that fails may have cost one
			if again, err := w.visit(i, app); err != nil || again.StatusCode != http.StatusOK || w.orders() != spent || spent > 2 {
				t.Errorf("a second client: %v, %d and then %d orders", err, spent, w.orders())
			}
			seenByOthers(t, w, i)
			keptSecret(t, i.options.TLS.Certificates.Dir)
		})
	}
}

// seenByOthers has curl and openssl check the chain.
func seenByOthers(t *testing.T, w *acmeWorld, i *Ingress) {
	t.Helper()
	roots := filepath.Join(t.TempDir(), "roots.pem")
	must(t, os.WriteFile(roots, w.pebble.Roots, 0o600))
	curl := exec.Command("curl", "-sS", "--fail", "--cacert", roots, "--resolve", fmt.Sprintf("%s:%d:127.0.0.1", app, w.secure), fmt.Sprintf("https://%s:%d/", app, w.secure))
	if out, err := curl.CombinedOutput(); err != nil || string(out) != "secure" {
		t.Errorf("curl: %v %s", err, out)
	}
	openssl := exec.Command("openssl", "s_client", "-connect", i.AddressTLS(), "-servername", string(app), "-CAfile", roots, "-verify_return_error", "-brief")
	openssl.Stdin = strings.NewReader("")
	if out, err := openssl.CombinedOutput(); err != nil || !strings.Contains(string(out), "Verification: OK") {
		t.Errorf("openssl: %v %s", err, out)
	}
}

// keptSecret checks that nobody else can read a key.
func keptSecret(t *testing.T, dir string) {
	t.Helper()
	keys := 0
	must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && strings.HasSuffix(path, ".key") {
			keys++
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v", path, info.Mode())
			}
		}
		return err
	}))
	if keys == 0 {
		t.Error("no key was kept")
	}
}

// A name that does not lead here, and one that is nobody's, cost no order.
func TestWrongNamesSpendNoOrder(t *testing.T) {
	w := newACMEWorld(t, acmeOptions{})
	i := w.ingress(nil)
	route := live(upstream(t, says("x")))
	route.Host = "wrong.example.com"
	i.Replace(route)
	w.leads("wrong.example.com", "127.0.0.2")
	for _, host := range []paas.Hostname{"wrong.example.com", "nobody.example.com"} {
		if _, err := w.visit(i, host); err == nil {
			t.Errorf("%s has a certificate", host)
		}
	}
	if err := i.reach.LeadsHere(t.Context(), "wrong.example.com"); err == nil || !strings.Contains(err.Error(), "leads to 127.0.0.2") {
		t.Errorf("got %v", err)
	}
	if w.orders() != 0 {
		t.Errorf("%d orders", w.orders())
	}
	w.leads("wrong.example.com", "127.0.0.1")
}

// A host behind an address that is not its own is found by what only it can answer.
func TestBehindAnotherAddress(t *testing.T) {
	i := running(t, Options{})
	forwarding := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: i.Address()})
		r.Out.Host = r.In.Host
	}})
	defer forwarding.Close()
	there := addressOf(forwarding)
	r := i.reach
	r.port = fmt.Sprint(there.Port())
	must(t, r.ask(t.Context(), "x.example.com", []netip.Addr{there.Addr()}))
	other := running(t, Options{}).reach
	other.port = r.port
	if err := other.ask(t.Context(), "x.example.com", []netip.Addr{there.Addr()}); err == nil {
		t.Error("another ingress takes it for itself")
	}
}

// Certificates that live seconds are renewed again and again, without a restart, while clients come.
func TestCertificatesAreRenewed(t *testing.T) {
	w := newACMEWorld(t, acmeOptions{validity: 8 * time.Second})
	i := w.ingress(func(o *Options) { o.TLS.Certificates.CheckInterval = 500 * time.Millisecond })
	i.Replace(live(upstream(t, says("x"))))
	serials := map[string]bool{}
	renewals := 2
	if os.Getenv("PAASTECH_SOAK") != "" {
		renewals = 20
	}
	for deadline := time.Now().Add(time.Duration(renewals) * time.Minute); len(serials) <= renewals && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		answer, err := w.visit(i, app)
		if err != nil {
			t.Fatalf("after %d certificates: %v", len(serials), err)
		}
		serials[answer.TLS.PeerCertificates[0].SerialNumber.String()] = true
	}
	if len(serials) <= renewals {
		t.Errorf("%d certificates were shown", len(serials))
	}
}

// A CA that refuses half of its nonces, one that asks to come later, and one that is dead.
func TestCAsInTrouble(t *testing.T) {
	t.Run("nonces", func(t *testing.T) {
		w := newACMEWorld(t, acmeOptions{refuses: 50})
		i := w.ingress(nil)
		i.Replace(live(upstream(t, says("x"))))
		if _, err := w.visit(i, app); err != nil {
			t.Error(err)
		}
	})
	t.Run("too many", func(t *testing.T) {
		w := newACMEWorld(t, acmeOptions{})
		busy, refused := w.busy(1)
		i := w.ingress(func(o *Options) {
			o.TLS.Certificates.ACME.CA, o.TLS.Certificates.FirstPause = busy, time.Second
		})
		i.Replace(live(upstream(t, says("x"))))
		if _, err := w.visit(i, app); err == nil {
			t.Error("the CA refused, and there is a certificate")
		}
		if _, err := w.visit(i, app); err == nil || refused.Load() != 1 {
			t.Errorf("asked again at once: %v, refused %d times", err, refused.Load())
		}
		if listed := i.Certificates(t.Context()); len(listed) != 1 || !strings.Contains(listed[0].Error, "429") && !strings.Contains(listed[0].Error, "rateLimited") {
			t.Errorf("listed: %+v", listed)
		}
		time.Sleep(1100 * time.Millisecond)
		if _, err := w.visit(i, app); err != nil {
			t.Error(err)
		}
	})
	t.Run("dead", func(t *testing.T) {
		w := newACMEWorld(t, acmeOptions{})
		i := w.ingress(func(o *Options) {
			o.TLS.Certificates.ACME.FallbackCA = w.directory
			o.TLS.Certificates.ACME.CA = fmt.Sprintf("https://127.0.0.1:%d/dir", freePort(t))
		})
		i.Replace(live(upstream(t, says("x"))))
		if _, err := w.visit(i, app); err != nil {
			t.Error(err)
		}
	})
}

// busy is a proxy before the CA that refuses the first orders with 429 (RFC 8555, 6.6).
func (w *acmeWorld) busy(first int64) (directory string, refused *atomic.Int64) {
	target, err := url.Parse(w.directory)
	must(w.t, err)
	refused = new(atomic.Int64)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: target.Host})
			r.Out.Host = r.In.Host // the directory's URLs lead here
		},
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.trusted}},
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "order-plz") && refused.Load() < first {
			refused.Add(1)
			rw.Header().Set("Content-Type", "application/problem+json")
			rw.Header().Set("Retry-After", "1")
			rw.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(rw, `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many new orders","status":429}`)
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(server.Close)
	return server.URL + "/dir", refused
}

// With DNS-01 every application's name is covered by one wildcard, before anybody comes.
func TestWildcardByDNS(t *testing.T) {
	dns := newKnot(t)
	w := newACMEWorld(t, acmeOptions{noHTTP: true, noTLS: true, dns: dns.address})
	i := w.ingress(func(o *Options) {
		o.TLS.Certificates.Names = []string{"*.user-app.example.com"}
		o.TLS.Certificates.ACME.DNS = &certificate.DNS{Provider: "rfc2136", Settings: dns.settings(), Resolvers: []string{dns.address}}
	})
	for range 200 {
		if listed := i.Certificates(t.Context()); len(listed) == 1 && listed[0].Name == "*.user-app.example.com" && listed[0].Error == "" {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, host := range []paas.Hostname{"one.user-app.example.com", "two.user-app.example.com"} {
		route := live(upstream(t, says("x")))
		route.Host = host
		i.Replace(route)
		if _, err := w.visit(i, host); err != nil {
			t.Errorf("%s: %v\n%s", host, err, dns.log.String())
		}
	}
	if w.orders() != 1 {
		t.Errorf("%d orders for one wildcard\n%s\n%s", w.orders(), w.pebble.Log(), dns.log.String())
	}
}

// The CA of its own, for names that no public CA knows; its root stays the same over restarts.
func TestCertificatesOfItsOwn(t *testing.T) {
	options := func() Options {
		return Options{Listen: "127.0.0.1:0", TLS: &TLS{Listen: "127.0.0.1:0", Strict: time.Hour, Port: 8443, Certificates: certificate.Options{Dir: t.TempDir()}}}
	}
	o := options()
	first := runningAt(t, o)
	first.Replace(live(upstream(t, says("secure"))))
	roots := trusting(t, first)
	answer, err := visitTLS(t, first, app, roots)
	must(t, err)
	if answer.StatusCode != http.StatusOK || answer.Header.Get(strictTransport) != "max-age=3600" {
		t.Errorf("got %s %v", answer.Status, answer.Header)
	}
	keptSecret(t, o.TLS.Certificates.Dir)
	second := runningAt(t, o) // as after a restart
	second.Replace(live(upstream(t, says("secure"))))
	if _, err := visitTLS(t, second, app, roots); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	broken := options()
	must(t, os.MkdirAll(filepath.Join(broken.TLS.Certificates.Dir, "authority"), 0o700))
	must(t, os.WriteFile(filepath.Join(broken.TLS.Certificates.Dir, "authority", "root.crt"), []byte("x"), 0o600))
	must(t, os.WriteFile(filepath.Join(broken.TLS.Certificates.Dir, "authority", "root.key"), []byte("x"), 0o600))
	broken.Log = discard()
	if _, err := New(context.Background(), broken); err == nil {
		t.Error("a broken authority was taken, or made anew")
	}
}

// Without TLS one is sent there, whatever one wanted; nobody's names are not.
func TestPlainRequestsAreSentToTLS(t *testing.T) {
	i := runningAt(t, Options{Listen: "127.0.0.1:0", TLS: &TLS{Listen: "127.0.0.1:0", Port: 8443, Certificates: certificate.Options{Dir: t.TempDir()}}})
	i.Replace(live(upstream(t, says("secure"))))
	client := newClient(t)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		answer := send(t, client, i, string(app), func(r *http.Request) { r.Method, r.URL.Path, r.URL.RawQuery = method, "/a", "b=c" })
		if want := "https://app.example.com:8443/a?b=c"; answer.StatusCode != http.StatusPermanentRedirect || answer.Header.Get("Location") != want {
			t.Errorf("%s: got %d %s", method, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	if status, _ := get(t, i, "nobody.example.com"); status != http.StatusNotFound {
		t.Errorf("nobody's name: %d", status)
	}
}

// A certificate in files is shown, and read again when somebody has renewed it.
func TestCertificatesInFiles(t *testing.T) {
	lender := httptest.NewTLSServer(nil) // its certificate is for example.com
	defer lender.Close()
	dir := t.TempDir()
	file := certificate.File{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	writePair(t, file, lender.TLS.Certificates[0])
	i := runningAt(t, Options{Listen: "127.0.0.1:0", TLS: &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir(), Files: []certificate.File{file}}}})
	route := live(upstream(t, says("x")))
	route.Host = "example.com"
	i.Replace(route)
	roots := trusting(t, i)
	roots.AddCert(lender.Certificate())
	answer, err := visitTLS(t, i, "example.com", roots)
	must(t, err)
	if !answer.TLS.PeerCertificates[0].Equal(lender.Certificate()) {
		t.Error("another certificate was shown than the file's")
	}
	if listed := i.Certificates(t.Context()); len(listed) != 1 || listed[0].Managed || listed[0].Name != "example.com" {
		t.Errorf("listed: %+v", listed)
	}
}

// What is wrong with a DNS provider is said by the name of what is missing.
func TestProvidersSayWhatTheyNeed(t *testing.T) {
	for want, d := range map[string]certificate.DNS{
		"one of acmedns, cloudflare, digitalocean, gandi, hetzner, ovh, porkbun, rfc2136, route53": {Provider: "bind"},
		"porkbun needs api_key, api_secret_key":                                                    {Provider: "porkbun", Settings: map[string]string{"api_key": "x"}},
		"unknown field \"apikey\"":                                                                 {Provider: "cloudflare", Settings: map[string]string{"api_token": "x", "apikey": "y"}},
	} {
		_, err := New(t.Context(), Options{Listen: "127.0.0.1:0", Log: discard(), TLS: &TLS{Listen: "127.0.0.1:0",
			Certificates: certificate.Options{Dir: t.TempDir(), ACME: &certificate.ACME{DNS: &d}}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
