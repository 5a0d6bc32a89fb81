package ingress

import (
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/paastech-cloud/paastech/paas"
)

// transports are the ways to neighbours, by scheme.
type transports map[string]*http.Transport

func newTransports() transports {
	all := transports{}
	for _, scheme := range []string{schemePlain, schemeSecure, schemeH2C} {
		dialer := &net.Dialer{Timeout: dialTimeout}
		transport := &http.Transport{
			DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: idleConnectionsPerTarget,
			IdleConnTimeout: idleTargetTimeout, TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: maxAnswerHeaderBytes,
		}
		if scheme == schemeH2C {
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetUnencryptedHTTP2(true)
		}
		all[scheme] = transport
	}
	return all
}

// schemeH2C is HTTP/2 without TLS, known beforehand (RFC 9113, 3.3).
const schemeH2C = "h2c"

// toNeighbour forwards requests to a neighbour's containers in turn, and to the next while none takes
// the connection.
func (i *Ingress) toNeighbour(way paas.Neighbour) http.Handler {
	balanced := &inTurn{targets: way.Targets, transport: i.transports[way.Scheme]}
	scheme := way.Scheme
	if scheme == schemeH2C {
		scheme = schemePlain
	}
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			i.rewrite(p)
			p.Out.URL.Scheme, p.Out.URL.Host = scheme, string(hostname(p.In.Host))
			if !way.KeepHost {
				p.Out.Host = ""
			}
			if strings.EqualFold(p.Out.Header.Get("Upgrade"), "websocket") && way.Scheme == schemeH2C {
				p.Out.Header.Del("Upgrade") // there is none in HTTP/2
			}
		},
		Transport: balanced, FlushInterval: -1, BufferPool: i.buffers, ErrorLog: i.errorLog,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				panic(http.ErrAbortHandler)
			}
			i.options.Log.WarnContext(r.Context(), "ingress: no answer", "router", way.Name, "error", err)
			i.pages.refuse(w, r, http.StatusBadGateway)
		},
	}
}

// inTurn spreads requests over targets.
type inTurn struct {
	targets   []netip.AddrPort
	transport http.RoundTripper
	next      atomic.Uint32
}

// RoundTrip asks one of the targets.
func (t *inTurn) RoundTrip(r *http.Request) (*http.Response, error) {
	first := int(t.next.Add(1))
	var all error
	for n := range t.targets {
		address := t.targets[(first+n)%len(t.targets)].String()
		out := *r
		out.URL = new(url.URL)
		*out.URL = *r.URL
		out.URL.Host = address
		body := hold(&out)
		answer, err := t.transport.RoundTrip(&out)
		if err == nil {
			return answer, nil
		}
		all = errors.Join(all, err)
		if r.Context().Err() != nil || !isDial(err) || body != nil && body.touched.Load() {
			break
		}
	}
	return nil, all
}

// isDial tells whether no connection came about.
func isDial(err error) bool {
	dial, is := errors.AsType[*net.OpError](err)
	return is && dial.Op == "dial"
}

// parts are those of a header's lists, in order.
func parts(values []string) []string {
	var all []string
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return slices.DeleteFunc(all, func(part string) bool { return part == "" })
}
