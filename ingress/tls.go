package ingress

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/paastech-cloud/paastech/ingress/certificate"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/httpdrain"
)

// TLS says where the ingress listens for it, and where its certificates come from.
type TLS struct {
	Listen       string              // host:port
	Listener     net.Listener        // bound there already; nil: it is to be bound
	Packets      net.PacketConn      // the same for HTTP/3
	Certificates certificate.Options // without Allowed and Log
	Strict       time.Duration       // how long browsers remember to come over TLS (RFC 6797); 0: not told
	Port         int                 // as clients see it; 0 means 443
	Addresses    []netip.Addr        // this host's, as the network knows it, besides those of its interfaces
	Resolver     string              // host:port, asked where names lead to; empty: the system's
	PlainPort    int                 // where a CA asks over HTTP; 0 means 80
}

// Site is a name, and where what it shows is served.
type Site struct {
	Host    paas.Hostname
	Address netip.AddrPort
}

const strictTransport = "Strict-Transport-Security"

// listenTLS binds the address and opens the certificates.
func (i *Ingress) listenTLS(ctx context.Context) error {
	options := i.options.TLS.Certificates
	options.Allowed, options.Log = i.mayHaveCertificate, i.options.Log
	keeper, err := certificate.Open(ctx, options)
	if err != nil {
		return err
	}
	listener, err := bind(ctx, i.options.TLS.Listener, i.options.TLS.Listen)
	if err != nil {
		return fmt.Errorf("open the ingress listener for TLS: %w", err)
	}
	i.keeper = keeper
	i.secure = newFront(listener)
	i.secure.tls, i.secure.visits = keeper.TLSConfig(), true
	i.secure.server = httpdrain.New(i.newServer(i.logged(i)))
	i.secure.server.BaseContext = func(net.Listener) context.Context {
		return context.WithValue(context.Background(), secureKey{}, true)
	}
	return i.listenHTTP3(ctx)
}

// secureKey marks the contexts of what came over TLS.
type secureKey struct{}

// isSecure tells whether a request came over TLS; a connection that net/http took over does not say it.
func isSecure(r *http.Request) bool { return r.Context().Value(secureKey{}) != nil }

// mayHaveCertificate says why nothing is ordered for a name: only what leads here and is served has one.
func (i *Ingress) mayHaveCertificate(ctx context.Context, name string) error {
	host := hostname(name)
	if i.table.Load().find(host) == nil && len(i.neighbours.Load().byHost[host]) == 0 {
		return fmt.Errorf("%s is nobody's here", host)
	}
	if acme := i.options.TLS.Certificates.ACME; acme == nil || acme.DNS.Solves(name) {
		return nil
	}
	if err := i.mayAdd(host); err != nil {
		return err
	}
	return i.reach.LeadsHere(ctx, host)
}

// strictTransport is the value of the header; empty: none is sent.
func (i *Ingress) strictTransport() string {
	if i.options.TLS == nil || i.options.TLS.Strict <= 0 {
		return ""
	}
	return "max-age=" + strconv.Itoa(int(i.options.TLS.Strict.Seconds()))
}

// redirect answers what comes without TLS when there is TLS: the questions of a CA, and where to go instead.
func (i *Ingress) redirect(w http.ResponseWriter, r *http.Request) {
	if i.keeper.HandleChallenge(w, r) || i.reach.answer(w, r) {
		return
	}
	_, found := i.table.Load().lookup(r)
	if found == nil {
		if !i.serveNeighbour(w, r) {
			i.pages.show(w, r, nil)
		}
		return
	}
	if found.route.Plain {
		i.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store") // it may be switched off
	http.Redirect(w, r, i.secureAddress(r), http.StatusPermanentRedirect)
}

// addDashboard puts the dashboard's name in the table.
func (i *Ingress) addDashboard() {
	if i.options.Dashboard == nil {
		return
	}
	route := paas.Route{Host: hostname(string(i.options.Dashboard.Host)), State: paas.RouteLive, Targets: []netip.AddrPort{i.options.Dashboard.Address}}
	own := newEntry(route, nil, &traffic{})
	own.dashboard = true
	i.table.Store(i.table.Load().with(route.Host, own))
}

// Certificates lists what the ingress shows, and what it could not get.
func (i *Ingress) Certificates(ctx context.Context) []paas.Certificate {
	if i.keeper == nil {
		return nil
	}
	return i.keeper.List(ctx)
}

// CARoot is the certificate, in PEM, of the CA of its own; empty when it has none.
func (i *Ingress) CARoot() []byte {
	if i.keeper == nil {
		return nil
	}
	return i.keeper.Root()
}
