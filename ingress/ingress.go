// Package ingress is the reverse proxy in front of the applications. It is paas.Router: a route is
// effective when the call that made it returns, and a change loses no request.
package ingress

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paastech-cloud/paastech/ingress/certificate"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/httpdrain"
)

// Options say where the ingress listens and whom it believes.
type Options struct {
	Listen            string         // host:port
	Listener          net.Listener   // bound there already; nil: it is to be bound
	TLS               *TLS           // nil: none
	Dashboard         *Site          // served beside the applications; nil: it is not
	TrustedProxies    []netip.Prefix // peers whose X-Forwarded-* are kept and added to
	ProxyProtocol     []netip.Prefix // peers that may say who the client is before its first byte
	Resolver          string         // host:port, asked where domains lead to; empty: the system's
	Wake              Wake           // wakes projects whose routes sleep; nil: nobody does
	DashboardURL      string         // where the pages send an owner; may be empty
	ReadHeaderTimeout time.Duration  // for a request's header; 0 means 10 s
	ShutdownTimeout   time.Duration  // for requests in flight at the end; 0 means 10 s
	HoldTimeout       time.Duration  // for requests that wait for a project to wake up; 0 means 2 min

	ConnectionsPerAddress int       // of one client at a time, trusted proxies excepted; 0 is no bound
	AccessLog             AccessLog // of the requests; without a file there is none

	Provider func(names []paas.Hostname) ([]byte, error) // the configuration of a proxy in front; nil: there is none

	Log *slog.Logger
}

// Bounds on what a client may hold open or send.
const (
	defaultReadHeaderTimeout = 10 * time.Second
	defaultShutdownTimeout   = 10 * time.Second
	idleTimeout              = 75 * time.Second
	maxHeaderBytes           = 64 << 10
	maxStreams               = 250      // HTTP/2, a connection
	maxFrame                 = 16 << 10 // bytes, of HTTP/2; the least that RFC 9113 allows, so nothing larger is taken into memory
)

// Ingress is a listening reverse proxy.
type Ingress struct {
	plain    *front
	secure   *front     // nil without TLS
	quic     *quicFront // nil without TLS, or when its port is another's
	keeper   *certificate.Keeper
	reach    reach
	options  Options
	pages    pages
	buffers  *bufferPool
	errorLog *log.Logger

	table      atomic.Pointer[table]
	neighbours atomic.Pointer[neighbours]
	transports transports
	changes    sync.Mutex                  // held while the next table is made
	counters   map[paas.ProjectID]*traffic // guarded by changes
	requests   sync.WaitGroup
	closing    atomic.Bool // connections end after the request they are at

	access     *accessLog // nil: none
	seats      seats
	complaints complaints
	waking     waking
	below      below
}

var _ paas.Router = (*Ingress)(nil)

// New binds the address; Run serves it.
func New(ctx context.Context, options Options) (*Ingress, error) {
	if options.ReadHeaderTimeout == 0 {
		options.ReadHeaderTimeout = defaultReadHeaderTimeout
	}
	if options.ShutdownTimeout == 0 {
		options.ShutdownTimeout = defaultShutdownTimeout
	}
	if options.HoldTimeout == 0 {
		options.HoldTimeout = defaultHoldTimeout
	}
	pages, err := newPages(options.DashboardURL)
	if err != nil {
		return nil, fmt.Errorf("ingress pages: %w", err)
	}
	i := &Ingress{
		options:    options,
		pages:      pages,
		reach:      newReach(options),
		buffers:    newBufferPool(),
		counters:   map[paas.ProjectID]*traffic{},
		transports: newTransports(),
		errorLog:   slog.NewLogLogger(options.Log.Handler(), slog.LevelDebug),
	}
	i.table.Store(&table{})
	i.waking.calls = map[paas.ProjectID]*wakeCall{}
	i.neighbours.Store(&neighbours{})
	i.addDashboard()
	if i.access, err = openAccessLog(options.AccessLog, options.Log); err != nil {
		return nil, err
	}
	return i, i.listen(ctx)
}

// listen binds the addresses.
func (i *Ingress) listen(ctx context.Context) error {
	listener, err := bind(ctx, i.options.Listener, i.options.Listen)
	if err != nil {
		return fmt.Errorf("open the ingress listener: %w", err)
	}
	i.plain = newFront(listener)
	if i.options.TLS == nil {
		i.plain.visits = true
		i.plain.server = httpdrain.New(i.newServer(i.logged(i)))
		return nil
	}
	i.plain.server = httpdrain.New(i.newServer(http.HandlerFunc(i.redirect)))
	if err := i.listenTLS(ctx); err != nil {
		_ = listener.Close()
		return err
	}
	return nil
}

// bind is a listener at an address, unless one was handed over.
func bind(ctx context.Context, bound net.Listener, address string) (net.Listener, error) {
	if bound != nil {
		return bound, nil
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

func (i *Ingress) newServer(handler http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true) // over TLS
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams, MaxReadFrameSize: maxFrame},
		ReadHeaderTimeout: i.options.ReadHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          i.errorLog,

		DisableGeneralOptionsHandler: true, // OPTIONS * is not ours to answer
	}
}

// Address is where the ingress listens.
func (i *Ingress) Address() string { return i.plain.Addr().String() }

// AddressTLS is where it listens for TLS; empty when it does not.
func (i *Ingress) AddressTLS() string {
	if i.secure == nil {
		return ""
	}
	return i.secure.Addr().String()
}

func (i *Ingress) fronts() []*front {
	if i.secure == nil {
		return []*front{i.plain}
	}
	return []*front{i.plain, i.secure}
}

// Run serves until the context ends. It then takes no new connections, lets requests in flight
// finish until the shutdown timeout, and cuts what is left, WebSockets among it.
func (i *Ingress) Run(ctx context.Context) error {
	ended := make(chan error, 6)
	keeping, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	var serving sync.WaitGroup
	for _, f := range i.fronts() {
		serving.Go(func() { ended <- f.server.Serve(f) })
		serving.Go(func() { ended <- i.welcome(f) })
	}
	if i.keeper != nil {
		serving.Go(func() { ended <- i.keeper.Run(keeping) })
	}
	if i.quic != nil {
		serving.Go(func() { ended <- i.welcomeQUIC() })
	}
	if i.access != nil {
		serving.Go(func() { i.access.run(keeping) })
	}
	var first error
	select {
	case err := <-ended:
		first = fmt.Errorf("serve ingress: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), i.options.ShutdownTimeout)
	defer cancel()
	if err := i.shutdown(grace); err != nil {
		i.options.Log.InfoContext(ctx, "ingress: requests were cut at shutdown", "error", err)
	}
	i.cut()
	stopKeeping()
	serving.Wait()
	return first
}

// shutdown takes no new connections and lets requests in flight finish until ctx ends.
func (i *Ingress) shutdown(ctx context.Context) error {
	i.closing.Store(true)
	group, ctx := errgroup.WithContext(ctx)
	for _, f := range i.fronts() {
		group.Go(func() error { return f.shutdown(ctx) })
	}
	if i.quic != nil {
		group.Go(func() error { return i.quic.shutdown(ctx) })
	}
	return group.Wait()
}

// cut ends everything that is in flight and waits for it.
func (i *Ingress) cut() {
	for _, f := range i.fronts() {
		f.cut()
	}
	if i.quic != nil {
		i.quic.cut()
	}
	i.changes.Lock()
	defer i.changes.Unlock()
	for _, e := range i.table.Swap(&table{}).all() {
		e.retireExcept(nil).cut(errShutdown)
	}
	i.requests.Wait()
}

// ServeHTTP forwards a request to the application that its Host names, or answers with a page.
func (i *Ingress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.requests.Add(1)
	defer i.requests.Done()
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		i.pages.refuse(w, r, http.StatusMethodNotAllowed)
		return
	}
	if len(r.URL.Path) == 0 || r.URL.Path[0] != '/' {
		i.pages.refuse(w, r, http.StatusBadRequest)
		return
	}
	host, entry := i.table.Load().lookup(r)
	if entry == nil && (i.reach.answer(w, r) || i.provide(w, r) || i.serveNeighbour(w, r)) {
		return
	}
	if entry != nil && entry.route.State == stateRedirect {
		i.sendElsewhere(w, r, entry.to)
		return
	}
	if entry == nil || !i.leadsSomewhere(entry) {
		i.pages.show(w, r, entry)
		return
	}
	if entry.route.Reception.Admission == paas.AdmissionMaintenance {
		i.pages.write(w, r, maintenance(entry.route.Reception.Notice))
		return
	}
	if entry.through != nil {
		entry.through.ServeHTTP(w, r)
		return
	}
	i.forward(w, r, host, entry.counter)
}
