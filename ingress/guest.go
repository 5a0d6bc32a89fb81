package ingress

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"
)

// guest is a client's connection as it was let in. It keeps what the kernel can do with TCP.
type guest struct {
	*net.TCPConn
	rest *bufio.Reader // read first; nil when nothing was read ahead
	from net.Addr      // the client, as a proxy in front says it; nil: who is connected

	once sync.Once
	left func() // gives its seat back; nil when it has none
}

// RemoteAddr is the client.
func (g *guest) RemoteAddr() net.Addr {
	if g.from != nil {
		return g.from
	}
	return g.TCPConn.RemoteAddr()
}

// Read reads on, what was read ahead first.
func (g *guest) Read(into []byte) (int, error) {
	if g.rest != nil && g.rest.Buffered() > 0 {
		return g.rest.Read(into)
	}
	return g.TCPConn.Read(into)
}

// WriteTo copies all that comes.
func (g *guest) WriteTo(to io.Writer) (int64, error) {
	var ahead int64
	if g.rest != nil {
		var err error
		if ahead, err = io.CopyN(to, g.rest, int64(g.rest.Buffered())); err != nil {
			return ahead, err
		}
	}
	n, err := g.TCPConn.WriteTo(to)
	return ahead + n, err
}

// Close ends the connection and gives its seat back.
func (g *guest) Close() error {
	g.once.Do(func() {
		if g.left != nil {
			g.left()
		}
	})
	return g.TCPConn.Close()
}

// Why connections are not let in.
var (
	errNoTCP = errors.New("it is no TCP connection")
	errFull  = errors.New("its address has as many connections as one may")
)

// receive lets a connection in: it hears out a proxy in front that says who the client is, and takes one of the
// client's seats.
func (i *Ingress) receive(conn net.Conn) (*guest, error) {
	tcp, is := conn.(*net.TCPConn)
	if !is {
		return nil, errNoTCP
	}
	g := &guest{TCPConn: tcp}
	if within(i.options.ProxyProtocol, addressOfPeer(tcp)) {
		if err := g.hearProxy(i.options.ReadHeaderTimeout); err != nil {
			return nil, err
		}
	}
	client := addressOfPeer(g)
	if i.options.ConnectionsPerAddress == 0 || i.trusts(client) {
		return g, nil
	}
	if !i.seats.take(client, i.options.ConnectionsPerAddress) {
		return nil, errFull
	}
	g.left = func() { i.seats.release(client) }
	return g, nil
}

// hearProxy reads the PROXY protocol's header, version 1 or 2 (haproxy.org, doc/proxy-protocol.txt), when there
// is one: a proxy that looks whether we live sends none.
func (g *guest) hearProxy(patience time.Duration) error {
	if err := g.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	rest := bufio.NewReader(g.TCPConn)
	header, err := proxyproto.Read(rest)
	if err != nil && !errors.Is(err, proxyproto.ErrNoProxyProtocol) {
		return err
	}
	if header != nil && header.Command.IsProxy() {
		if source, _, is := header.TCPAddrs(); is {
			g.from = source
		}
	}
	g.rest = rest
	return g.SetReadDeadline(time.Time{})
}

// seats counts the connections of each client, so that one alone cannot have all descriptors.
type seats struct {
	mu    sync.Mutex
	taken map[netip.Prefix]int // guarded by mu
}

// clientNetwork is what one client has for itself: an address, or of IPv6 a /64 (RFC 6177).
func clientNetwork(client netip.Addr) netip.Prefix {
	bits := 32
	if client.Is6() {
		bits = 64
	}
	network, _ := client.Prefix(bits) // invalid for an invalid address: they share a seat row
	return network
}

// take takes a seat unless that many are taken.
func (s *seats) take(client netip.Addr, most int) bool {
	network := clientNetwork(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == nil {
		s.taken = map[netip.Prefix]int{}
	}
	if s.taken[network] >= most {
		return false
	}
	s.taken[network]++
	return true
}

// count is how many seats a client has.
func (s *seats) count(client netip.Addr) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[clientNetwork(client)]
}

func (s *seats) release(client netip.Addr) {
	network := clientNetwork(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[network]--; s.taken[network] <= 0 {
		delete(s.taken, network)
	}
}

// within tells whether an address is in one of the networks.
func within(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
}
