package ingress

import (
	"net/http"
	"net/http/httputil"
	"net/netip"
	"slices"
	"strings"
)

// rewrite prepares a request for its target: what it says about where it came from is ours to say.
func (i *Ingress) rewrite(p *httputil.ProxyRequest) {
	p.Out.Host = p.In.Host
	p.Out.URL.RawQuery = p.In.URL.RawQuery // ReverseProxy drops what it cannot parse
	p.Out.Trailer = p.In.Trailer           // filled when the body has been read
	i.setForwarded(p)
	if strings.EqualFold(p.Out.Header.Get("Upgrade"), "h2c") {
		// A connection that changes to HTTP/2 behind us would carry requests past us.
		p.Out.Header.Del("Upgrade")
		p.Out.Header.Del("Connection")
	}
	applyOnward(p.In, p.Out.Header)
}

// setForwarded replaces what the client says about its way here, but adds to what a trusted proxy says.
func (i *Ingress) setForwarded(p *httputil.ProxyRequest) {
	peer := peerAddress(p.In)
	trusted := i.trusts(peer)
	for name := range p.Out.Header {
		if !trusted && isForwarded(name) {
			delete(p.Out.Header, name)
		}
	}
	if trusted {
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
			p.Out.Header[name] = p.In.Header[name]
		}
	}
	chain := append(slices.Clone(p.Out.Header["X-Forwarded-For"]), peer.String())
	p.Out.Header.Set("X-Forwarded-For", strings.Join(chain, ", "))
	setDefault(p.Out.Header, "X-Forwarded-Host", p.In.Host)
	setDefault(p.Out.Header, "X-Forwarded-Proto", scheme(p.In))
	setDefault(p.Out.Header, "X-Real-Ip", peer.String())
}

// isForwarded tells whether applications could take a header for a proxy's word. Many of them see no
// difference between - and _.
func isForwarded(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	return strings.HasPrefix(name, "x-forwarded-") || name == "x-real-ip" || name == "forwarded"
}

func setDefault(header http.Header, name, value string) {
	if header.Get(name) == "" {
		header.Set(name, value)
	}
}

// Schemes of a request, as X-Forwarded-Proto says them.
const (
	schemePlain  = "http"
	schemeSecure = "https"
)

func scheme(r *http.Request) string {
	if isSecure(r) {
		return schemeSecure
	}
	return schemePlain
}

// peerAddress is who is connected to us; invalid when that is no network address.
func peerAddress(r *http.Request) netip.Addr { return addressIn(r.RemoteAddr) }

// addressIn is the address in front of a port; invalid when there is none.
func addressIn(text string) netip.Addr {
	peer, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}
