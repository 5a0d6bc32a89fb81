package ingress

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paastech-cloud/paastech/ingress/http1"
	"github.com/paastech-cloud/paastech/paas"
)

// patience is how long an application may take before its client is watched: most answers come
// sooner, and need nobody who would notice that the client has gone.
const patience = 20 * time.Millisecond

// relay is one request of a visitor on its way to a target, and its answer on the way back. A visitor
// has one, and uses it again.
type relay struct {
	exchange
	visitor *visitor
	gone    atomic.Bool // the client went away
	unwatch func()      // nil while nobody watches the client
	begun   bool        // bytes of the answer were sent

	counter *traffic // of the route's project
	status  int
	sent    int64 // bytes of the answer's body
	whole   bool  // the answer was passed on to its end

	mu    sync.Mutex
	conn  *http1.Conn // to the target; guarded by mu
	cause error       // why the request was cut; guarded by mu
}

// Why a relay ends early.
var (
	errClientGone = errors.New("the client went away")
	errNoHTTP     = errors.New("the answer is not HTTP")
	errWriting    = errors.New("write to the client")
)

// forward has the visitor's request answered by one of the targets of its route.
func (v *visitor) forward(host paas.Hostname, route *entry) fate {
	i := v.ingress
	i.requests.Add(1)
	defer i.requests.Done()
	began := time.Now()
	r := &v.relay
	r.begin(v, host)
	r.counter = route.counter
	keep, err := r.run()
	r.stopWatching()
	abandoned := r.gone.Load() || errors.Is(err, errWriting)
	failed := r.status >= 500 || !abandoned && (r.status == 0 || !r.whole)
	route.counter.record(began, failed, true)
	fate := ends
	switch {
	case err == nil && keep:
		fate = stays
	case err != nil && !r.begun && !abandoned:
		fate = v.apologise(err)
	}
	if i.access != nil {
		i.access.visited(v, host, route, began)
	}
	r.end()
	if fate == stays {
		_, _ = v.in.Discard(v.request.Size + int(v.request.Length)) // it is in the buffer
	}
	return fate
}

func (r *relay) begin(v *visitor, host paas.Hostname) {
	r.ingress, r.host, r.visitor = v.ingress, host, v
	r.tried = r.tried[:0]
	r.cancel = r.cut
	r.begun, r.whole, r.status, r.sent = false, false, 0, 0
	r.gone.Store(false)
	r.mu.Lock()
	r.cause = nil
	r.mu.Unlock()
}

// end lets go of the target, and of more memory than a connection that waits is worth.
func (r *relay) end() {
	r.release()
	clear(r.tried[:cap(r.tried)]) // a target that has gone is not kept
	if cap(r.visitor.out) > visitorBuffer {
		r.visitor.out = nil
	}
}

// count adds bytes of the answer's body that were sent.
func (r *relay) count(n int64) {
	r.sent += n
	r.counter.sent.Add(uint64(n))
}

// cut ends the exchange: closing the target's connection ends whatever waits for it.
func (r *relay) cut(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cause = cause
	if r.conn != nil {
		_ = r.conn.Close()
	}
}

// use makes conn the one that cut closes; nil when there is none.
func (r *relay) use(conn *http1.Conn) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conn = conn
	return r.cause
}

// run sends the request until a target answers, and passes the answer on. It tells whether the client
// may go on with another request.
func (r *relay) run() (keep bool, err error) {
	conn, err := r.ask()
	if err != nil {
		return false, err
	}
	again, keep, err := r.pass(conn)
	cut := r.use(nil)
	if err != nil || cut != nil || !again {
		_ = conn.Close()
		return keep && err == nil, err
	}
	r.target.pool.Put(conn)
	return keep, nil
}

// ask sends the request to the least busy target and waits for the head of its answer. While nothing
// has happened that could not happen twice it tries the others too, those of a newer route among them.
func (r *relay) ask() (*http1.Conn, error) {
	var last error
	for {
		if err := r.moveOn(context.Background()); err != nil { // a wait for a wake is bounded
			return nil, errors.Join(last, err)
		}
		conn, err := r.askTarget()
		if err == nil {
			return conn, nil
		}
		_ = r.use(nil)
		last = fmt.Errorf("%s: %w", r.target.address, err)
		if r.gone.Load() || !r.visitor.repeatable(err) {
			return nil, last
		}
	}
}

// askTarget asks over an idle connection, and over a new one when that was closed meanwhile.
func (r *relay) askTarget() (*http1.Conn, error) {
	for {
		conn := r.target.pool.Idle()
		if conn == nil {
			var err error
			if conn, err = r.target.pool.Dial(context.Background()); err != nil {
				return nil, err
			}
		}
		err := r.use(conn)
		if err == nil {
			err = r.exchangeHeads(conn)
		}
		if err == nil {
			return conn, nil
		}
		_ = conn.Close()
		if !conn.Used || r.begun || r.gone.Load() || !r.visitor.repeatable(err) {
			return nil, err
		}
	}
}

// exchangeHeads sends the request and reads up to the head of its answer.
func (r *relay) exchangeHeads(conn *http1.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	conn.Limit(maxAnswerHeaderBytes)
	if _, err := conn.Write(r.visitor.sent()); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return r.readHead(conn)
}

// readHead reads the head of an answer into visitor.answer, which is Unusual's zero value when net/http
// has to read it. Answers that only announce one are passed on.
func (r *relay) readHead(conn *http1.Conn) error {
	wanted := 1
	for {
		buffer, err := conn.Reader.Peek(max(wanted, conn.Reader.Buffered()))
		if err != nil {
			if err = r.wait(conn, err); err != nil {
				return err
			}
			continue
		}
		switch verdict := r.visitor.answer.Parse(buffer); {
		case verdict == http1.Partial && len(buffer) < conn.Reader.Size():
			wanted = len(buffer) + 1
		case verdict != http1.Whole:
			r.visitor.answer = http1.Response{Lines: r.visitor.answer.Lines[:0]}
			return nil
		case r.visitor.answer.Status == http.StatusSwitchingProtocols:
			return fmt.Errorf("%w: it changes a protocol that was not to be changed", errNoHTTP)
		case r.visitor.answer.Status < http.StatusOK:
			if err := r.passEarly(conn); err != nil {
				return err
			}
			wanted = 1
		default:
			return nil
		}
	}
}

// wait goes on after the patience is over, and watches the client from then on.
func (r *relay) wait(conn *http1.Conn, err error) error {
	if r.unwatch != nil || !isTimeout(err) {
		return r.because(err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	r.watch()
	return nil
}

// because is why reading failed.
func (r *relay) because(err error) error {
	if r.gone.Load() {
		return errClientGone
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cause != nil {
		return r.cause
	}
	return fmt.Errorf("read: %w", err)
}

// watch closes the target's connection when the client goes away.
func (r *relay) watch() {
	if r.unwatch != nil {
		return
	}
	v := r.visitor
	if err := v.conn.SetReadDeadline(time.Time{}); err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if v.peek.Wait() == http1.Gone {
			r.gone.Store(true)
			r.cut(errClientGone)
		}
	}()
	r.unwatch = func() {
		_ = v.conn.SetReadDeadline(time.Unix(1, 0)) // wakes it; reading on sets another
		<-done
	}
}

func (r *relay) stopWatching() {
	if r.unwatch != nil {
		r.unwatch()
		r.unwatch = nil
	}
}
