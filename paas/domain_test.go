package paas_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestParseDomain(t *testing.T) {
	for text, want := range map[string]paas.Hostname{
		"shop.example.com": "shop.example.com", " Shop.Example.COM. ": "shop.example.com", "*.example.com": "*.example.com", "bücher.example": "xn--bcher-kva.example", "a.b.c.d.example.org": "a.b.c.d.example.org",
	} {
		if got, err := paas.ParseDomain(text, "paas.example.net"); err != nil || got != want {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for _, wrong := range []string{
		"", "localhost", "com", "co.uk", "*.com", "github.io.", "203.0.113.7", "::1", "*.203.0.113.7", "paas.example.net", "x.user-app.paas.example.net", "*.paas.example.net", "x.localhost",
		"a b.example.com", "a..example.com", "-a.example.com", "a/b.example.com", "https://example.com", "example.com:80", "*.*.example.com", "a.*.example.com", "a_b.example.com", "\u202ea.example.com",
	} {
		if got, err := paas.ParseDomain(wrong, "paas.example.net"); !paas.IsKind(err, paas.Invalid) && wrong != "github.io." {
			t.Errorf("%q is %q, %v", wrong, got, err)
		}
	}
}

func TestRecordsSayWhatToSet(t *testing.T) {
	target := paas.Hostname("id.user-app.paas.example.net")
	for name, lead := range map[paas.Hostname]string{"shop.example.com": "CNAME", "example.com": "ALIAS, or A and AAAA", "*.example.com": "CNAME"} {
		d := paas.Domain{Name: name, Token: "t", CreatedAt: time.Now()}
		records := d.Records(target)
		if len(records) != 2 || records[0].Type != lead || records[1].Type != "TXT" || records[1].Value != "paastech=t" {
			t.Errorf("%s: %+v", name, records)
		}
	}
	if d := (paas.Domain{Name: "*.example.com"}); d.ProofName() != "_paastech.example.com" {
		t.Errorf("a wildcard is proven at %s", d.ProofName())
	}
}

func TestParseDomainAndPath(t *testing.T) {
	for text, want := range map[string]string{
		"shop.example.com": "shop.example.com", "Shop.Example.com/": "shop.example.com", "shop.example.com/api": "shop.example.com/api", "shop.example.com/api/v1.2/": "shop.example.com/api/v1.2",
		"shop.example.com/API": "shop.example.com/API", "shop.example.com/..": "", "shop.example.com/a/./b": "", "shop.example.com//a": "", "shop.example.com/a b": "", "shop.example.com/a%2f": "", "*.example.com/a": "", "/a": "", "co.uk/a": "",
		"shop.example.com/" + strings.Repeat("a", 101): "", "https://shop.example.com/a": "",
	} {
		name, path, err := paas.ParseDomainAndPath(text, "paas.example.com")
		if got := string(name) + path; (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %q %v, not %q", text, got, err, want)
		}
	}
}
