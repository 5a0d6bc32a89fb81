package traefik

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// TestProvider: the document has the fields of Traefik's dynamic configuration, in its file provider's words
// (https://doc.traefik.io/traefik/reference/dynamic-configuration/file/), and its rules mean the names.
func TestProvider(t *testing.T) {
	names := []paas.Hostname{"a.user-app.example.com", "shop.example.com", "*.wild.example.com"}
	secure := Provider{Version: 3, EntryPoints: []string{"websecure"}, CertResolver: "le", Server: "http://127.0.0.1:8080"}
	text, err := secure.Document(names)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	const expected = `{"http": {
		"routers": {
			"paastech-a-user-app-example-com": {"entryPoints": ["websecure"], "rule": "Host(` + "`a.user-app.example.com`" + `)", "service": "paastech", "tls": {"certResolver": "le"}},
			"paastech-shop-example-com": {"entryPoints": ["websecure"], "rule": "Host(` + "`shop.example.com`" + `)", "service": "paastech", "tls": {"certResolver": "le"}},
			"paastech-any-wild-example-com": {"entryPoints": ["websecure"], "rule": "HostRegexp(` + "`^[a-z0-9-]+\\\\.wild\\\\.example\\\\.com$`" + `)", "service": "paastech",
				"tls": {"certResolver": "le", "domains": [{"main": "*.wild.example.com"}]}}
		},
		"services": {"paastech": {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:8080"}], "passHostHeader": true}}}
	}}`
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(expected), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s", text)
	}
	rule, err := ParseRule(secure.rule("*.wild.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	for host, matches := range map[string]bool{"x.wild.example.com": true, "wild.example.com": false, "a.b.wild.example.com": false, "x.wildxexample.com": false} {
		if rule.Match(paas.RuleRequest{Host: paas.Hostname(host), Path: "/"}) != matches {
			t.Errorf("%s: not %t", host, matches)
		}
	}

	text, err = Provider{Version: 2, Server: "http://127.0.0.1:8080"}.Document(names[2:])
	if err != nil || !strings.Contains(string(text), "HostRegexp(`{any:[a-z0-9-]+}.wild.example.com`)") || strings.Contains(string(text), "tls") || strings.Contains(string(text), "entryPoints") {
		t.Errorf("for Traefik 2, without TLS: %s %v", text, err)
	}
	if text, err = secure.Document(nil); err != nil || strings.Contains(string(text), "routers") {
		t.Errorf("without names: %s %v", text, err)
	}
}
