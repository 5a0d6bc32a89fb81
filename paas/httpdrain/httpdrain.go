// Package httpdrain ends HTTP servers without losing a request.
package httpdrain

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// patience is how long a connection that was made may go without a request before its end surprises nobody: browsers
// connect before they know what to ask for, and ask again.
const patience = time.Second

// Server is an http.Server whose Shutdown answers the first request of connections that were made before. That of
// net/http closes them without an answer when the request is read after it began, and a client tells that as a
// failure: only on a connection that was used before does it know that the end may be harmless (RFC 9112, 9.3.1).
type Server struct {
	*http.Server
	Arrivals
}

// New makes one of a server that does not serve yet. It takes the server's ConnState and ConnContext.
func New(server *http.Server) *Server {
	s := &Server{Server: server, Arrivals: Arrivals{Patience: patience}}
	handler := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if arrived, is := r.Context().Value(arrivedKey{}).(func()); is {
			arrived()
		}
		handler.ServeHTTP(w, r)
	})
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, arrivedKey{}, sync.OnceFunc(func() { s.Arrived(conn) }))
	}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.Expect(conn)
		case http.StateClosed, http.StateHijacked:
			s.Arrived(conn)
		}
	}
	return s
}

// arrivedKey leads a request to what its connection's first one calls.
type arrivedKey struct{}

// Shutdown has every answer end its connection, waits for the requests that are on their way, at most for their
// Patience, ends the connections over which none came, and then is net/http's. The server's listeners are to be
// closed before: who connects later is lost.
func (s *Server) Shutdown(ctx context.Context) error {
	s.SetKeepAlivesEnabled(false)
	s.await(ctx)
	s.Cut()
	return s.Server.Shutdown(ctx)
}

// Arrivals are connections whose first request has not come yet.
type Arrivals struct {
	Patience time.Duration // how long a request is expected after a connection was made

	mu    sync.Mutex
	since map[net.Conn]time.Time // guarded by mu
}

// Expect says that a connection was made.
func (a *Arrivals) Expect(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since == nil {
		a.since = map[net.Conn]time.Time{}
	}
	if _, known := a.since[conn]; !known {
		a.since[conn] = time.Now()
	}
}

// Arrived says that nothing more is to be expected: a request came, or the connection ended.
func (a *Arrivals) Arrived(conn net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.since, conn)
}

// Cut ends them all.
func (a *Arrivals) Cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for conn := range a.since {
		_ = conn.Close()
	}
}

// await waits until none is expected any more, or ctx ends.
func (a *Arrivals) await(ctx context.Context) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for a.Expecting() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Expecting tells whether a first request may be on its way.
func (a *Arrivals) Expecting() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, since := range a.since {
		if time.Since(since) < a.Patience {
			return true
		}
	}
	return false
}
