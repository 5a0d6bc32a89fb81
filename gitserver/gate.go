package gitserver

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gliderlabs/ssh"
)

// gate bounds how many connections there are at a time, in all and from one source, so that nobody
// can keep the others out by holding connections open.
type gate struct {
	total, perSource int

	mu      sync.Mutex
	guarded map[*guardedConn]netip.Prefix // guarded by mu
	sources map[netip.Prefix]int          // guarded by mu
}

func newGate(total, perSource int) *gate {
	return &gate{total: total, perSource: perSource, guarded: map[*guardedConn]netip.Prefix{}, sources: map[netip.Prefix]int{}}
}

// enter lets a connection in, or returns nil when there are too many.
func (g *gate) enter(conn net.Conn, limits timeouts) *guardedConn {
	from := sourceOf(conn.RemoteAddr())
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.guarded) >= g.total || g.sources[from] >= g.perSource {
		return nil
	}
	guarded := &guardedConn{Conn: conn, gate: g, timeouts: limits}
	g.guarded[guarded] = from
	g.sources[from]++
	guarded.expire(limits.handshake)
	return guarded
}

func (g *gate) leave(conn *guardedConn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from, there := g.guarded[conn]
	if !there {
		return
	}
	delete(g.guarded, conn)
	g.sources[from]--
	if g.sources[from] == 0 {
		delete(g.sources, from)
	}
}

// closeAll cuts every connection.
func (g *gate) closeAll() {
	g.mu.Lock()
	conns := make([]*guardedConn, 0, len(g.guarded))
	for conn := range g.guarded {
		conns = append(conns, conn)
	}
	g.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
	}
}

// sourceOf is whom we count an address as: one IPv4 address, or the /64 that an IPv6 host has to itself.
func sourceOf(address net.Addr) netip.Prefix {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	prefix, _ := ip.WithZone("").Prefix(bits)
	return prefix
}

// timeouts are how long a connection may stay in each of its phases.
type timeouts struct {
	handshake time.Duration // until the keys are exchanged
	login     time.Duration // then, until somebody has proved a key
	idle      time.Duration // without a session, or with a session in which nothing moves
}

// guardedConn is a connection that counts, and that ends when its phase takes too long.
type guardedConn struct {
	net.Conn
	gate     *gate
	timeouts timeouts

	mu       sync.Mutex
	sessions int // guarded by mu
}

// guardKey is where the SSH library's context keeps the connection.
type guardKey struct{}

func guardOf(ctx ssh.Context) *guardedConn { return ctx.Value(guardKey{}).(*guardedConn) }

// expire gives the connection's phase its time.
func (c *guardedConn) expire(after time.Duration) { c.Conn.SetDeadline(time.Now().Add(after)) }

// SetDeadline does nothing: the SSH library would take the phase's deadline away with every packet.
func (c *guardedConn) SetDeadline(time.Time) error { return nil }

// Close also makes room for the next connection.
func (c *guardedConn) Close() error {
	c.gate.leave(c)
	return c.Conn.Close()
}

// begin counts a session and takes the deadline away; false when the connection has too many.
func (c *guardedConn) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions >= maxSessions {
		return false
	}
	c.sessions++
	c.Conn.SetDeadline(time.Time{})
	return true
}

// end gives a connection without a session a little time for the next one.
func (c *guardedConn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions--
	if c.sessions == 0 {
		c.expire(min(c.timeouts.idle, connectionIdle))
	}
}

const (
	maxSessions    = 8 // on one connection (OpenSSH's MaxSessions is 10)
	connectionIdle = 2 * time.Minute
)
