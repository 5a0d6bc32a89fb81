package http1

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// readerSize is of what is read ahead of a connection.
const readerSize = 4 << 10

// Conn is a connection to an application. One goroutine at a time uses it: nothing reads it while it
// is idle.
type Conn struct {
	net.Conn
	Reader *bufio.Reader
	Used   bool // it has carried an answer before

	limit int64 // bytes that may be read until the next Limit; below 0 there is none
	peek  *Peeker
	since time.Time // it is idle; guarded by the pool
}

// Pool keeps idle connections to one address, the last one used on top.
type Pool struct {
	options PoolOptions

	mu     sync.Mutex
	idle   []*Conn     // oldest first; guarded by mu
	sweep  *time.Timer // closes what is idle too long; guarded by mu
	closed bool        // guarded by mu
}

// PoolOptions say whereto connections go, and how long they are kept.
type PoolOptions struct {
	Address     string // host:port
	DialTimeout time.Duration
	IdleTimeout time.Duration // shorter than any application's own
	MaxIdle     int
}

// NewPool makes an empty pool.
func NewPool(options PoolOptions) *Pool { return &Pool{options: options} }

// Idle takes an idle connection that its other end has not closed; nil when there is none.
func (p *Pool) Idle() *Conn {
	for {
		p.mu.Lock()
		last := len(p.idle) - 1
		if last < 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		p.mu.Unlock()
		if c.peek.Peek() == Nothing {
			return c
		}
		_ = c.Close() // closed at the other end, or it talks without being asked
	}
}

// Dial makes a new connection.
func (p *Pool) Dial(ctx context.Context) (*Conn, error) {
	dialer := net.Dialer{Timeout: p.options.DialTimeout}
	connection, err := dialer.DialContext(ctx, "tcp", p.options.Address)
	if err != nil {
		return nil, err
	}
	c := &Conn{Conn: connection, limit: -1, peek: NewPeeker(connection)}
	c.Reader = bufio.NewReaderSize(c, readerSize)
	return c, nil
}

// Limit bounds how many bytes can be read from now on; -1 takes the bound away.
func (c *Conn) Limit(bytes int64) { c.limit = bytes }

// Read reads on, within the limit.
func (c *Conn) Read(into []byte) (int, error) {
	if c.limit < 0 {
		return c.Conn.Read(into)
	}
	if c.limit == 0 {
		return 0, errTooLong
	}
	n, err := c.Conn.Read(into[:min(int64(len(into)), c.limit)])
	c.limit -= int64(n)
	return n, err
}

var errTooLong = errors.New("the head of the answer is too long")

// Put makes a connection idle. It has been read up to the end of an answer.
func (p *Pool) Put(c *Conn) {
	c.Used = true
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= p.options.MaxIdle || c.Reader.Buffered() > 0 {
		_ = c.Close()
		return
	}
	c.since = time.Now()
	p.idle = append(p.idle, c)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.options.IdleTimeout, p.closeOld)
	}
}

// closeOld closes what was idle too long, and comes again while anything is idle.
func (p *Pool) closeOld() {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.idle) && (p.closed || time.Since(p.idle[old].since) >= p.options.IdleTimeout) {
		_ = p.idle[old].Close()
		old++
	}
	rest := copy(p.idle, p.idle[old:])
	clear(p.idle[rest:])
	p.idle = p.idle[:rest]
	if rest == 0 {
		p.sweep = nil
		return
	}
	p.sweep.Reset(p.options.IdleTimeout - time.Since(p.idle[0].since))
}

// Close closes what is idle; what comes back later is closed then.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		_ = c.Close()
	}
	p.idle = nil
}

// Glance is what one sees of a connection without reading it.
type Glance int

// What can be seen.
const (
	Nothing Glance = iota // it is open, and nothing came
	Bytes                 // something came
	Gone                  // its other end has closed it, or it broke
)

// Peeker looks at a connection without reading it. Only one goroutine may use it at a time.
type Peeker struct {
	raw  syscall.RawConn // nil where one cannot look: then everything is Nothing
	buf  [1]byte
	last Glance
	once func(fd uintptr)
	wait func(fd uintptr) bool
}

// NewPeeker makes one for a TCP connection.
func NewPeeker(connection net.Conn) *Peeker {
	p := &Peeker{}
	if system, ok := connection.(syscall.Conn); ok {
		p.raw, _ = system.SyscallConn() // without it, nothing is seen
	}
	p.once = func(fd uintptr) { p.last = p.look(fd) }
	p.wait = func(fd uintptr) bool {
		p.last = p.look(fd)
		return p.last != Nothing
	}
	return p
}

// Peek looks once, whatever the connection's deadlines are.
func (p *Peeker) Peek() Glance {
	if p.raw == nil {
		return Nothing
	}
	if err := p.raw.Control(p.once); err != nil {
		return Gone
	}
	return p.last
}

// Wait looks until there is something to see, or the connection's read deadline passes: Nothing.
func (p *Peeker) Wait() Glance {
	if p.raw == nil {
		return Nothing
	}
	if err := p.raw.Read(p.wait); err != nil {
		if isTimeout(err) {
			return Nothing
		}
		return Gone
	}
	return p.last
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// look receives without taking what it receives.
func (p *Peeker) look(fd uintptr) Glance {
	n, err := peekSocket(fd, p.buf[:])
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return Nothing
	case err != nil || n == 0:
		return Gone
	}
	return Bytes
}
