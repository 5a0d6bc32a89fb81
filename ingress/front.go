package ingress

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// front takes the clients' connections. Each is a visitor's for as long as its requests are usual, and
// then net/http's: that is the listener which front is.
type front struct {
	listener net.Listener
	handed   chan net.Conn // to net/http
	closed   chan struct{}
	once     sync.Once

	mu       sync.Mutex
	visitors map[*visitor]struct{} // guarded by mu
}

func newFront(listener net.Listener) *front {
	return &front{listener: listener, handed: make(chan net.Conn), closed: make(chan struct{}), visitors: map[*visitor]struct{}{}}
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

// Close takes no more connections.
func (f *front) Close() error {
	f.once.Do(func() { close(f.closed) })
	return f.listener.Close()
}

// Addr is where it listens.
func (f *front) Addr() net.Addr { return f.listener.Addr() }

// hand gives a connection to net/http.
func (f *front) hand(conn net.Conn) {
	select {
	case f.handed <- conn:
	case <-f.closed:
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
func (i *Ingress) welcome() error {
	var visits sync.WaitGroup
	defer visits.Wait()
	pause := firstAcceptPause
	for {
		conn, err := i.front.listener.Accept()
		switch temporary, ok := errors.AsType[net.Error](err); {
		case err == nil:
			pause = firstAcceptPause
			visits.Go(func() { i.visit(conn) })
		case ok && temporary.Temporary(): //nolint:staticcheck // out of descriptors: nothing else tells
			time.Sleep(pause)
			pause = min(2*pause, lastAcceptPause)
		default:
			return err
		}
	}
}

// visit answers what comes over a connection, or hands it on.
func (i *Ingress) visit(conn net.Conn) {
	peer := addressOfPeer(conn)
	if slices.ContainsFunc(i.options.TrustedProxies, func(t netip.Prefix) bool { return t.Contains(peer) }) {
		i.front.hand(conn) // what it says about its clients is kept: that is net/http's
		return
	}
	v := i.newVisitor(conn, peer)
	i.front.add(v)
	fate := v.serve()
	i.front.remove(v)
	if fate == ends {
		_ = conn.Close()
		return
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		_ = conn.Close()
		return
	}
	i.front.hand(v.leave())
}

// leave is the connection as net/http gets it: beginning with what was read but not answered.
func (v *visitor) leave() net.Conn {
	if v.tcp != nil {
		return &handedTCP{TCPConn: v.tcp, rest: v.in}
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

// handedTCP is a handedConn that keeps what the kernel can do with TCP.
type handedTCP struct {
	*net.TCPConn
	rest *bufio.Reader
}

// Read reads on.
func (c *handedTCP) Read(into []byte) (int, error) {
	if c.rest.Buffered() > 0 {
		return c.rest.Read(into)
	}
	return c.TCPConn.Read(into)
}

// WriteTo copies all that comes.
func (c *handedTCP) WriteTo(to io.Writer) (int64, error) {
	ahead, err := io.CopyN(to, c.rest, int64(c.rest.Buffered()))
	if err != nil {
		return ahead, err
	}
	n, err := c.TCPConn.WriteTo(to)
	return ahead + n, err
}

// farewell asks the visitors to leave after the request they are at, until ctx ends.
func (i *Ingress) farewell(ctx context.Context) {
	i.closing.Store(true)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		visitors := i.front.all()
		if len(visitors) == 0 {
			return
		}
		for _, v := range visitors {
			if v.reading.Load() {
				_ = v.conn.SetReadDeadline(time.Unix(1, 0))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// addressOfPeer is who is connected; invalid when that is no network address.
func addressOfPeer(conn net.Conn) netip.Addr {
	peer, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}
