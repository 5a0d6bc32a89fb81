package ingress

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paastech-cloud/paastech/ingress/http1"
	"github.com/paastech-cloud/paastech/paas"
)

// visitorBuffer is of what is read ahead of a client: the longest head, with a small body, that is
// answered without net/http.
const visitorBuffer = 4 << 10

// visitor is a client's connection while its requests are of the usual kind (package http1). The first
// that is not, and all after it, are net/http's.
type visitor struct {
	ingress *Ingress
	conn    net.Conn
	peer    netip.Addr
	tcp     *guest // conn when it is without TLS; else nil
	in      *bufio.Reader
	out     []byte // the head that is being written
	origin  []byte // the headers that say where the client is
	strict  string // Strict-Transport-Security for answers that do not say it; may be empty
	offer   string // Alt-Svc; may be empty
	peek    *http1.Peeker
	request http1.Request
	answer  http1.Response
	relay   relay

	arrived func()      // its first request came
	served  atomic.Bool // a request was answered

	mu      sync.Mutex
	waiting bool // no byte of the next request has come; guarded by mu
}

// newVisitor is for a connection; below is what it is made on, when that is TLS.
func (i *Ingress) newVisitor(conn net.Conn, below *guest, peer netip.Addr) *visitor {
	v := &visitor{ingress: i, conn: conn, peer: peer, in: bufio.NewReaderSize(conn, visitorBuffer), peek: http1.NewPeeker(below.TCPConn)}
	v.tcp, _ = conn.(*guest)
	scheme := schemePlain
	if v.tcp == nil {
		scheme, v.strict, v.offer = schemeSecure, i.strictTransport(), i.offersHTTP3(peer)
	}
	v.origin = fmt.Appendf(nil, "X-Forwarded-For: %s\r\nX-Real-Ip: %s\r\nX-Forwarded-Proto: %s\r\nX-Forwarded-Host: ", peer, peer, scheme)
	return v
}

// fate is what becomes of a connection.
type fate int

const (
	stays  fate = iota // for another request
	ends               // it is closed
	leaves             // net/http takes it over, with what was read but not answered
)

// serve answers requests until one is unusual or the connection ends.
func (v *visitor) serve() fate {
	for {
		if fate := v.next(); fate != stays {
			return fate
		}
		v.served.Store(true)
	}
}

// next reads a request and answers it.
func (v *visitor) next() fate {
	head, fate := v.read()
	if fate != stays {
		return fate
	}
	host, project := v.ingress.live(head.Host)
	if project == nil {
		return leaves
	}
	if !v.served.Load() {
		v.arrived() // not before: net/http may be the one who has to expect it
	}
	return v.forward(host, project)
}

// read reads the head of the next request, and its body: all of it is in the buffer.
func (v *visitor) read() (*http1.Request, fate) {
	v.waits(v.in.Buffered() == 0)
	defer v.waits(false)
	pause := idleTimeout
	if !v.served.Load() {
		pause = v.ingress.options.ReadHeaderTimeout
	}
	until, err := v.allow(pause)
	if err != nil {
		return nil, ends
	}
	wanted, began := 1, !v.served.Load()
	for {
		buffer, err := v.in.Peek(max(wanted, v.in.Buffered()))
		if err != nil {
			if v.isHurried(err, until) && v.conn.SetReadDeadline(until) == nil {
				continue
			}
			return nil, v.gaveUp(err)
		}
		v.waits(false)
		if !began {
			began = true
			if until, err = v.allow(v.ingress.options.ReadHeaderTimeout); err != nil {
				return nil, ends
			}
		}
		switch v.request.Parse(buffer) {
		case http1.Unusual:
			return nil, leaves
		case http1.Partial:
			wanted = len(buffer) + 1
		case http1.Whole:
			whole := int64(v.request.Size) + v.request.Length
			if whole <= int64(len(buffer)) {
				return &v.request, stays
			}
			if whole > visitorBuffer {
				return nil, leaves
			}
			wanted = int(whole)
		}
		if wanted > visitorBuffer {
			return nil, leaves
		}
	}
}

// allow gives the client that long to send what is read next.
func (v *visitor) allow(pause time.Duration) (until time.Time, err error) {
	until = time.Now().Add(pause)
	return until, v.conn.SetReadDeadline(until)
}

func (v *visitor) waits(so bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting = so
}

// hurry ends the connection when it was used and no request is on its way over it: the ingress ends. Those over which
// none ever came are the server's to wait for. Another goroutine calls it than the one that serves.
func (v *visitor) hurry() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.waiting && v.served.Load() {
		_ = v.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// isHurried tells whether reading broke off at a moment at which a request had come after all.
func (v *visitor) isHurried(err error, until time.Time) bool {
	return v.ingress.closing.Load() && isTimeout(err) && time.Now().Before(until) && (v.in.Buffered() > 0 || v.peek.Peek() == http1.Bytes)
}

// gaveUp says what becomes of a connection that could not be read. What came of a request is
// answered by net/http, which knows how to refuse it.
func (v *visitor) gaveUp(err error) fate {
	if v.in.Buffered() > 0 && !isTimeout(err) {
		return leaves
	}
	return ends
}

// live finds the route of a Host header, when it leads to an application.
func (i *Ingress) live(host []byte) (paas.Hostname, *entry) {
	table := i.table.Load()
	name := paas.Hostname(host)
	found := table.get(name)
	if found == nil {
		name = hostname(string(host))
		found = table.find(name)
	}
	if len(table.mounts) > 0 && table.mounts[name] != nil { // its path decides
		return "", nil
	}
	if found == nil || found.route.State != paas.RouteLive || found.through != nil || found.route.Reception.Admission != paas.AdmissionOpen {
		return "", nil
	}
	return name, found
}

// sent is the head of the request as the application gets it, and its body.
func (v *visitor) sent() []byte {
	r := &v.request
	out := append(v.out[:0], r.Method...)
	out = append(out, ' ')
	out = append(out, r.Target...)
	out = append(out, " HTTP/1.1\r\nHost: "...)
	out = append(out, r.Host...)
	out = append(out, "\r\n"...)
	for _, line := range r.Lines {
		out = append(out, line...)
	}
	out = append(out, v.origin...)
	out = append(out, r.Host...)
	out = append(out, "\r\n\r\n"...)
	out = append(out, v.body()...)
	v.out = out
	return out
}

func (v *visitor) body() []byte {
	buffer, _ := v.in.Peek(v.request.Size + int(v.request.Length)) // it is there: read saw to it
	return buffer[v.request.Size:]
}

// repeatable tells whether a request that failed can be sent again, as the function of this name does
// for net/http's.
func (v *visitor) repeatable(err error) bool {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	return slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, string(v.request.Method))
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
