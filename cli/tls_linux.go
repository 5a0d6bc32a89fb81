package cli

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/ingress"
	"github.com/paastech-cloud/paastech/ingress/certificate"
	"github.com/paastech-cloud/paastech/paas"
)

// Issuers of certificates.
const (
	issuerACME     = "acme"
	issuerInternal = "internal"
)

// tlsOptions are the ingress's; nil without ingress.listenTLS.
func (c Config) tlsOptions(dir string) (*ingress.TLS, error) {
	if c.Ingress.ListenTLS == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	_, port, err := net.SplitHostPort(c.Ingress.ListenTLS)
	if err != nil {
		return nil, fmt.Errorf("ingress.listenTLS %q: give address and port, like :443", c.Ingress.ListenTLS)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("ingress.listenTLS %q: the port is a number", c.Ingress.ListenTLS)
	}
	options := &ingress.TLS{
		Listen: c.Ingress.ListenTLS, Port: publicPort(c.Ingress.PublicURL, number), Resolver: c.TLS.Resolver,
		Certificates: certificate.Options{Dir: dir},
	}
	for _, file := range c.TLS.Certificates {
		options.Certificates.Files = append(options.Certificates.Files, certificate.File(file))
	}
	for _, text := range c.TLS.Addresses {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("tls.addresses %q: give addresses, like 203.0.113.7", text)
		}
		options.Addresses = append(options.Addresses, address)
	}
	return options, c.setIssuer(options)
}

// publicPort is the port that clients see.
func publicPort(publicURL string, listened int) int {
	parsed, err := url.Parse(publicURL)
	if publicURL == "" || err != nil {
		return listened
	}
	port, err := strconv.Atoi(parsed.Port())
	if err != nil {
		return 443
	}
	return port
}

func (c Config) setIssuer(options *ingress.TLS) error {
	applications := "*." + paas.AppDomain + "." + c.Domain
	switch c.TLS.issuer(c.Domain) {
	case issuerInternal:
		options.Certificates.Names = []string{applications}
		return nil
	case issuerACME:
		options.Strict = time.Duration(c.TLS.HSTS)
		acme, err := c.TLS.acme(c.Domain)
		options.Certificates.ACME = acme
		if err == nil && acme.DNS != nil {
			options.Certificates.Names = []string{applications}
		}
		return err
	}
	return fmt.Errorf("tls.issuer %q: acme or internal", c.TLS.Issuer)
}

// issuer is as configured, else what the domain can have.
func (c TLSConfig) issuer(domain string) string {
	if c.Issuer != "" {
		return c.Issuer
	}
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	switch top {
	case "localhost", "local", "internal", "test", "lan": // RFC 6761, RFC 6762, ICANN
		return issuerInternal
	}
	return issuerACME
}

// acme is a CA on the network; a DNS provider proves the names below zone.
func (c TLSConfig) acme(zone string) (*certificate.ACME, error) {
	acme := &certificate.ACME{Email: c.Email, CA: c.CA, FallbackCA: c.FallbackCA}
	if c.Roots != "" {
		text, err := os.ReadFile(c.Roots)
		if err != nil {
			return nil, fmt.Errorf("tls.roots: %w", err)
		}
		acme.Roots = x509.NewCertPool()
		if !acme.Roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("tls.roots: there is no certificate in %s", c.Roots)
		}
	}
	if c.DNS.Provider == "" {
		return acme, nil
	}
	acme.DNS = &certificate.DNS{Provider: c.DNS.Provider, Zone: zone, Settings: map[string]string{}}
	for name, value := range c.DNS.Settings {
		acme.DNS.Settings[name] = value.Reveal()
	}
	if c.Resolver != "" {
		acme.DNS.Resolvers = []string{c.Resolver}
	}
	return acme, nil
}

// dashboardSite has the ingress serve the dashboard too, when it is public over TLS, ours or a Traefik's; nil: it does not.
func (c Config) dashboardSite() (*ingress.Site, error) {
	public, err := url.Parse(c.Server.PublicURL)
	if c.Ingress.ListenTLS == "" && c.Ingress.Mode != modeTraefik || err != nil || public.Scheme != "https" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	address, err := net.ResolveTCPAddr("tcp", c.Server.Listen)
	if err != nil {
		return nil, fmt.Errorf("server.listen %q: give address and port, like 127.0.0.1:3000", c.Server.Listen)
	}
	at := address.AddrPort()
	if at.Addr().IsUnspecified() || !at.Addr().IsValid() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return &ingress.Site{Host: paas.Hostname(public.Hostname()), Address: at}, nil
}
