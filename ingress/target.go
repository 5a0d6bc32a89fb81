package ingress

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paastech-cloud/paastech/ingress/http1"
	"github.com/paastech-cloud/paastech/paas"
)

const (
	dialTimeout = 5 * time.Second

	// Applications close idle connections after their own time (gunicorn after 2 s, Node after 5 s);
	// ours must be gone by then, or a request that cannot be repeated meets a closed one.
	idleTargetTimeout = 1500 * time.Millisecond

	idleConnectionsPerTarget = 256
	maxAnswerHeaderBytes     = 256 << 10
)

// target is a container that takes requests, with connections of its own.
type target struct {
	address   netip.AddrPort
	protocol  paas.Protocol
	pool      *http1.Pool     // for visitors
	transport *http.Transport // for net/http
	load      atomic.Int64    // exchanges in flight

	mu        sync.Mutex
	exchanges map[*exchange]struct{} // in flight; guarded by mu
	retired   bool                   // takes no more; guarded by mu
	idle      chan struct{}          // closed when it is retired and nothing is in flight
}

func newTarget(address netip.AddrPort, protocol paas.Protocol) *target {
	dialer := &net.Dialer{Timeout: dialTimeout}
	var spoken *http.Protocols // nil: HTTP/1.1
	if protocol == paas.H2C {
		spoken = new(http.Protocols)
		spoken.SetUnencryptedHTTP2(true)
	}
	return &target{
		address: address, protocol: protocol,
		pool: http1.NewPool(http1.PoolOptions{
			Address: address.String(), DialTimeout: dialTimeout, IdleTimeout: idleTargetTimeout, MaxIdle: idleConnectionsPerTarget,
		}),
		transport: &http.Transport{
			Protocols:              spoken,
			DialContext:            dialer.DialContext, // direct: no proxy from the environment
			DisableCompression:     true,               // what the client asked for goes through as it is
			MaxIdleConnsPerHost:    idleConnectionsPerTarget,
			IdleConnTimeout:        idleTargetTimeout,
			ExpectContinueTimeout:  time.Second,
			MaxResponseHeaderBytes: maxAnswerHeaderBytes,
		},
		exchanges: map[*exchange]struct{}{},
		idle:      make(chan struct{}),
	}
}

// take notes that an exchange begins; a retired target refuses.
func (t *target) take(e *exchange) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.retired {
		return false
	}
	t.exchanges[e] = struct{}{}
	t.load.Add(1)
	return true
}

// release notes that an exchange has ended.
func (t *target) release(e *exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.exchanges, e)
	t.load.Add(-1)
	if t.retired && len(t.exchanges) == 0 {
		t.end()
	}
}

// retire lets the target take no more requests.
func (t *target) retire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.retired {
		return
	}
	t.retired = true
	if len(t.exchanges) == 0 {
		t.end()
	}
}

// end is called once, with mu held.
func (t *target) end() {
	close(t.idle)
	t.pool.Close()
	t.transport.CloseIdleConnections()
}

// cut ends the exchanges in flight.
func (t *target) cut(cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for e := range t.exchanges {
		e.cancel(cause)
	}
}

// targets are those of a route, or those that a change retired.
type targets []*target

// drain waits until nothing is in flight. When the context ends first, what is left is cut.
func (ts targets) drain(ctx context.Context) error {
	for _, t := range ts {
		select {
		case <-t.idle:
			continue
		default: // an end of the context counts only where something is in flight
		}
		select {
		case <-t.idle:
		case <-ctx.Done():
			ts.cut(fmt.Errorf("drained too long: %w", context.Cause(ctx)))
			return context.Cause(ctx)
		}
	}
	return nil
}

func (ts targets) cut(cause error) {
	for _, t := range ts {
		t.cut(cause)
	}
}
