package ingress

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas/httpdrain"
	"golang.org/x/sync/errgroup"
)

// front takes the clients' connections. Each is a visitor's for as long as its requests are usual, and
// then net/http's: that is the listener which front is.
type front struct {
	listener net.Listener
	server   *httpdrain.Server
	tls      *tls.Config   // nil: none
	visits   bool          // it has visitors
	handed   chan net.Conn // to net/http
	closed   chan struct{} // nothing is handed any more
	once     sync.Once
	deaf     chan struct{} // no connection is taken any more

	mu       sync.Mutex
	visitors map[*visitor]struct{} // guarded by mu
}

func newFront(listener net.Listener) *front {
	return &front{
		listener: listener, handed: make(chan net.Conn), closed: make(chan struct{}), deaf: make(chan struct{}),
		visitors: map[*visitor]struct{}{},
	}
}

// Accept returns the next connection that net/http has to serve.
func (f *front) Accept() (net.Conn, error) {
	select {
	case conn := <-f.handed:
		return conn, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

// Close ends what Accept does: net/http gets no more connections.
func (f *front) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// Addr is where it listens.
func (f *front) Addr() net.Addr { return f.listener.Addr() }

// hand gives a connection to net/http.
func (f *front) hand(conn net.Conn) {
	f.server.Expect(conn)
	select {
	case f.handed <- conn:
	case <-f.closed:
		f.server.Arrived(conn)
		_ = conn.Close()
	}
}

func (f *front) add(v *visitor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.visitors[v] = struct{}{}
}

func (f *front) remove(v *visitor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.visitors, v)
}

// all lists the visitors.
func (f *front) all() []*visitor {
	f.mu.Lock()
	defer f.mu.Unlock()
	visitors := make([]*visitor, 0, len(f.visitors))
	for v := range f.visitors {
		visitors = append(visitors, v)
	}
	return visitors
}

// Between two attempts to take a connection when the system has none to give (as net/http does it).
const (
	firstAcceptPause = 5 * time.Millisecond
	lastAcceptPause  = time.Second
)

// welcome takes connections until the listener is closed, and then waits for its visitors to leave.
func (i *Ingress) welcome(f *front) error {
	var visits sync.WaitGroup
	defer visits.Wait()
	defer close(f.deaf)
	pause := firstAcceptPause
	for {
		conn, err := f.listener.Accept()
		switch {
		case err == nil:
			pause = firstAcceptPause
			f.server.Expect(conn)
			visits.Go(func() { i.visit(f, conn) })
		case errors.Is(err, net.ErrClosed):
			return err
		default: // out of descriptors, say
			i.options.Log.Warn("ingress: take a connection", "error", err)
			time.Sleep(pause)
			pause = min(2*pause, lastAcceptPause)
		}
	}
}

// visit answers what comes over a connection, or hands it on.
func (i *Ingress) visit(f *front, conn net.Conn) {
	defer f.server.Arrived(conn)
	g, err := i.receive(conn)
	if err != nil {
		i.options.Log.Debug("ingress: a connection is not let in", "peer", conn.RemoteAddr().String(), "error", err)
		_ = conn.Close()
		return
	}
	peer := addressOfPeer(g)
	met := net.Conn(g)
	if f.tls != nil {
		secured, err := i.handshake(f, g)
		if err != nil {
			_ = g.Close()
			return
		}
		if secured.ConnectionState().NegotiatedProtocol == "h2" {
			f.hand(secured)
			return
		}
		met = secured
	}
	// What a trusted proxy says about its clients is kept: that is net/http's.
	if !f.visits || i.trusts(peer) {
		f.hand(met)
		return
	}
	v := i.newVisitor(met, g, peer)
	v.arrived = func() { f.server.Arrived(conn) }
	f.add(v)
	fate := v.serve()
	f.remove(v)
	if fate == leaves && met.SetReadDeadline(time.Time{}) == nil {
		f.hand(v.leave())
		return
	}
	_ = met.Close()
}

// handshake makes TLS of a connection.
func (i *Ingress) handshake(f *front, conn net.Conn) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	secured := tls.Server(conn, f.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		i.options.Log.DebugContext(ctx, "ingress: handshake", "peer", conn.RemoteAddr().String(), "error", err)
		return nil, err
	}
	return secured, nil
}

// handshakeTimeout allows for a certificate that is got meanwhile.
const handshakeTimeout = 60 * time.Second

// leave is the connection as net/http gets it: beginning with what was read but not answered.
func (v *visitor) leave() net.Conn {
	if v.tcp != nil && v.tcp.rest == nil {
		v.tcp.rest = v.in
		return v.tcp
	}
	return &handedConn{Conn: v.conn, rest: v.in}
}

// handedConn reads what was read ahead first.
type handedConn struct {
	net.Conn
	rest *bufio.Reader
}

// Read reads on.
func (c *handedConn) Read(into []byte) (int, error) {
	if c.rest.Buffered() > 0 {
		return c.rest.Read(into)
	}
	return c.Conn.Read(into)
}

// shutdown takes no new connections and lets requests in flight, and those on their way, finish until ctx ends.
func (f *front) shutdown(ctx context.Context) error {
	err := f.listener.Close()
	<-f.deaf
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.server.Shutdown(ctx) })
	group.Go(func() error { return f.farewell(ctx) })
	return errors.Join(err, group.Wait())
}

// farewell asks the visitors to leave after the request they are at, until ctx ends.
func (f *front) farewell(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		expecting := f.server.Expecting() // asked first: who is expected becomes a visitor
		visitors := f.all()
		if len(visitors) == 0 && !expecting {
			return nil
		}
		for _, v := range visitors {
			v.hurry()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// cut ends what is left.
func (f *front) cut() {
	_ = f.server.Close()
	f.server.Cut()
	for _, v := range f.all() {
		_ = v.conn.Close()
	}
}

// addressOfPeer is who is connected; invalid when that is no network address.
func addressOfPeer(conn net.Conn) netip.Addr { return addressIn(conn.RemoteAddr().String()) }
