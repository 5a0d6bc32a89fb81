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

	"github.com/paastech-cloud/paastech/paas"
)

// Options say where the ingress listens and whom it believes.
type Options struct {
	Listen            string         // host:port
	TrustedProxies    []netip.Prefix // peers whose X-Forwarded-* are kept and added to
	DashboardURL      string         // where the pages send an owner; may be empty
	ReadHeaderTimeout time.Duration  // for a request's header; 0 means 10 s
	ShutdownTimeout   time.Duration  // for requests in flight at the end; 0 means 10 s
	Log               *slog.Logger
}

// Bounds on what a client may hold open or send.
const (
	defaultReadHeaderTimeout = 10 * time.Second
	defaultShutdownTimeout   = 10 * time.Second
	idleTimeout              = 75 * time.Second
	maxHeaderBytes           = 64 << 10
	maxStreams               = 250 // HTTP/2, a connection
)

// Ingress is a listening reverse proxy.
type Ingress struct {
	front    *front
	server   *http.Server
	options  Options
	pages    pages
	buffers  *bufferPool
	errorLog *log.Logger

	table    atomic.Pointer[table]
	changes  sync.Mutex                  // held while the next table is made
	counters map[paas.ProjectID]*traffic // guarded by changes
	requests sync.WaitGroup
	closing  atomic.Bool // connections end after the request they are at
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
	pages, err := newPages(options.DashboardURL)
	if err != nil {
		return nil, fmt.Errorf("ingress pages: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", options.Listen)
	if err != nil {
		return nil, fmt.Errorf("open the ingress listener: %w", err)
	}
	i := &Ingress{
		front:    newFront(listener),
		options:  options,
		pages:    pages,
		buffers:  newBufferPool(),
		counters: map[paas.ProjectID]*traffic{},
		errorLog: slog.NewLogLogger(options.Log.Handler(), slog.LevelDebug),
	}
	i.table.Store(&table{})
	i.server = i.newServer()
	return i, nil
}

func (i *Ingress) newServer() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           i,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: i.options.ReadHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          i.errorLog,

		DisableGeneralOptionsHandler: true, // OPTIONS * is not ours to answer
	}
}

// Address is where the ingress listens.
func (i *Ingress) Address() string { return i.front.Addr().String() }

// Run serves until the context ends. It then takes no new connections, lets requests in flight
// finish until the shutdown timeout, and cuts what is left, WebSockets among it.
func (i *Ingress) Run(ctx context.Context) error {
	ended := make(chan error, 2)
	var serving sync.WaitGroup
	serving.Go(func() { ended <- i.server.Serve(i.front) })
	serving.Go(func() { ended <- i.welcome() })
	defer serving.Wait()
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
	return first
}

// shutdown takes no new connections and lets requests in flight finish until ctx ends.
func (i *Ingress) shutdown(ctx context.Context) error {
	_ = i.front.Close() // the server's Shutdown closes it again
	var visits sync.WaitGroup
	visits.Go(func() { i.farewell(ctx) })
	defer visits.Wait()
	return i.server.Shutdown(ctx)
}

// cut ends everything that is in flight and waits for it.
func (i *Ingress) cut() {
	_ = i.server.Close() // the listener may be closed already
	for _, v := range i.front.all() {
		_ = v.conn.Close()
	}
	i.changes.Lock()
	defer i.changes.Unlock()
	for _, e := range i.table.Swap(&table{}).entries {
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
	host := hostname(r.Host)
	entry := i.table.Load().entries[host]
	if entry == nil || entry.route.State != paas.RouteLive {
		i.pages.show(w, r, entry)
		return
	}
	i.forward(w, r, host, entry.counter)
}
