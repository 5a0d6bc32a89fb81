package certificate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/libdns/acmedns"
	"github.com/libdns/cloudflare"
	"github.com/libdns/digitalocean"
	"github.com/libdns/gandi"
	"github.com/libdns/hetzner/v2"
	"github.com/libdns/ovh"
	"github.com/libdns/porkbun"
	"github.com/libdns/rfc2136"
	"github.com/libdns/route53"
	"github.com/mholt/acmez/v3"
	"go.uber.org/zap"
)

// DNS is who has the zone, for DNS-01 (RFC 8555, 8.4).
type DNS struct {
	Provider  string            // a key of providers
	Zone      string            // the names that it can prove are this and those below; empty: all
	Settings  map[string]string // what the provider needs
	Resolvers []string          // host:port, asked whether a record is there; empty: the zone's own servers
	Timeout   time.Duration     // until it is there; 0 means 2 minutes
}

// Solves tells whether the provider can prove a name.
func (d *DNS) Solves(name string) bool {
	return d != nil && (d.Zone == "" || name == d.Zone || strings.HasSuffix(name, "."+d.Zone))
}

// provider is a DNS provider: what it is made of, and which settings it cannot do without.
type provider struct {
	new      func() certmagic.DNSProvider
	required []string
}

func providers() map[string]provider {
	return map[string]provider{
		"acmedns":      {func() certmagic.DNSProvider { return &acmedns.Provider{} }, []string{"server_url", "username", "password", "subdomain"}},
		"cloudflare":   {func() certmagic.DNSProvider { return &cloudflare.Provider{} }, []string{"api_token"}},
		"digitalocean": {func() certmagic.DNSProvider { return &digitalocean.Provider{} }, []string{"auth_token"}},
		"gandi":        {func() certmagic.DNSProvider { return &gandi.Provider{} }, []string{"bearer_token"}},
		"hetzner":      {func() certmagic.DNSProvider { return &hetzner.Provider{} }, []string{"api_token"}},
		"ovh":          {func() certmagic.DNSProvider { return &ovh.Provider{} }, []string{"endpoint", "application_key", "application_secret", "consumer_key"}},
		"porkbun":      {func() certmagic.DNSProvider { return &porkbun.Provider{} }, []string{"api_key", "api_secret_key"}},
		"rfc2136":      {func() certmagic.DNSProvider { return &rfc2136.Provider{} }, []string{"server"}},
		"route53":      {func() certmagic.DNSProvider { return &route53.Provider{} }, nil}, // or from its own environment
	}
}

// solver is nil without a provider.
func (d *DNS) solver() (acmez.Solver, error) {
	if d == nil {
		return nil, nil //nolint:nilnil // none is wanted
	}
	provider, err := d.open()
	if err != nil {
		return nil, err
	}
	return &certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{
		DNSProvider: provider, Resolvers: d.Resolvers, PropagationTimeout: d.Timeout, Logger: zap.NewNop(),
	}}, nil
}

// open makes the provider; what is missing or unknown is said by its name.
func (d *DNS) open() (certmagic.DNSProvider, error) {
	known := providers()
	kind, ok := known[d.Provider]
	if !ok {
		return nil, fmt.Errorf("tls.dns.provider %q: one of %s", d.Provider, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	for _, name := range kind.required {
		if d.Settings[name] == "" {
			return nil, fmt.Errorf("tls.dns.settings: %s needs %s", d.Provider, strings.Join(kind.required, ", "))
		}
	}
	opened := kind.new()
	settings, err := json.Marshal(d.Settings)
	if err != nil {
		return nil, fmt.Errorf("tls.dns.settings: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(settings)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(opened); err != nil {
		return nil, fmt.Errorf("tls.dns.settings of %s: %w", d.Provider, err)
	}
	return opened, nil
}
