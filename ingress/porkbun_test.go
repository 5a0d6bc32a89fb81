package ingress

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libdns/libdns"
	"github.com/libdns/rfc2136"

	"github.com/paastech-cloud/paastech/ingress/certificate"
)

// porkbunAPI answers as https://porkbun.com/api/json/v3/documentation says Porkbun does, with a real DNS server's
// zone behind it. It stands in for the network: the library knows one address only.
type porkbunAPI struct {
	t    *testing.T
	zone rfc2136.Provider
	next http.RoundTripper // for everything else

	mu    sync.Mutex
	calls []string          // guarded by mu
	texts map[string]string // by name, of TXT records; guarded by mu
}

// RoundTrip answers requests to Porkbun.
func (p *porkbunAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "api.porkbun.com" {
		return p.next.RoundTrip(r)
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "application/json")
	p.answer(answer, r)
	return answer.Result(), nil
}

func (p *porkbunAPI) answer(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var said struct{ APIKey, SecretAPIKey, Name, Type, Content, TTL string }
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil || r.Method != http.MethodPost {
		p.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	if said.APIKey != "pk1_right" || said.SecretAPIKey != "sk1_right" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":"ERROR","message":"Invalid API key. (002)"}`)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/json/v3")
	p.calls = append(p.calls, path)
	switch name, deletes := strings.CutPrefix(path, "/dns/deleteByNameType/example.com/TXT/"); {
	case path == "/dns/create/example.com":
		record := libdns.TXT{Name: said.Name, Text: said.Content, TTL: time.Minute}
		if said.Type != "TXT" || said.TTL != "600" {
			p.t.Errorf("creates %+v", said)
		}
		if _, err := p.zone.AppendRecords(r.Context(), "example.com.", []libdns.Record{record}); err != nil {
			p.t.Error(err)
		}
		p.texts[said.Name] = said.Content
		fmt.Fprint(w, `{"status":"SUCCESS","id":"106926659"}`)
	case deletes:
		record := libdns.TXT{Name: name, Text: p.texts[name], TTL: time.Minute}
		if _, err := p.zone.DeleteRecords(r.Context(), "example.com.", []libdns.Record{record}); err != nil {
			p.t.Error(err)
		}
		fmt.Fprint(w, `{"status":"SUCCESS"}`)
	default:
		p.t.Errorf("Porkbun was asked for %s", path)
		w.WriteHeader(http.StatusNotFound)
	}
}

// TestWildcardByPorkbun: the provider of the first PaaSTech proves the wildcard, and takes its record away again; a
// wrong key is said where certificates are listed.
func TestWildcardByPorkbun(t *testing.T) {
	dns := newKnot(t)
	settings := dns.settings()
	api := &porkbunAPI{t: t, next: http.DefaultTransport, texts: map[string]string{}, zone: rfc2136.Provider{
		Server: settings["server"], KeyName: settings["key_name"], KeyAlg: settings["key_alg"], Key: settings["key"],
	}}
	http.DefaultTransport = api
	defer func() { http.DefaultTransport = api.next }()
	w := newACMEWorld(t, acmeOptions{noHTTP: true, noTLS: true, dns: dns.address})
	names := []string{"*.user-app.example.com"}
	certificates := func(secret string, edit func(*Options)) *Ingress {
		return w.ingress(func(o *Options) {
			edit(o)
			o.TLS.Certificates.Names = names
			o.TLS.Certificates.ACME.DNS = &certificate.DNS{Provider: "porkbun", Settings: map[string]string{"api_key": "pk1_right", "api_secret_key": secret}, Resolvers: []string{dns.address}}
		})
	}
	i := certificates("sk1_right", func(*Options) {})
	for range 200 {
		if listed := i.Certificates(t.Context()); len(listed) == 1 && listed[0].Error == "" && !listed[0].NotAfter.IsZero() {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	route := live(upstream(t, says("x")))
	route.Host = "one.user-app.example.com"
	i.Replace(route)
	if _, err := w.visit(i, route.Host); err != nil {
		t.Errorf("%v\n%s", err, dns.log.String())
	}
	api.mu.Lock()
	calls := strings.Join(api.calls, " ")
	api.mu.Unlock()
	if want := "/dns/create/example.com /dns/deleteByNameType/example.com/TXT/_acme-challenge.user-app"; calls != want {
		t.Errorf("asked for %s, not %s", calls, want)
	}

	wrong := certificates("sk1_wrong", func(o *Options) { o.Listen, o.TLS.Listen = "127.0.0.1:0", "127.0.0.1:0" })
	for range 200 {
		if listed := wrong.Certificates(t.Context()); len(listed) == 1 && strings.Contains(listed[0].Error, "Invalid API key") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("a wrong key is not said: %+v", wrong.Certificates(t.Context()))
}
