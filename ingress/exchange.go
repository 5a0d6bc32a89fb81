package ingress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// exchange is one request on its way to a target and its answer on the way back.
type exchange struct {
	ingress *Ingress
	host    paas.Hostname
	cancel  context.CancelCauseFunc
	target  *target // that has it now; nil before the first attempt
	tried   targets
}

// errNoTarget says that a route is not live any more, or that all of its targets were tried.
var errNoTarget = errors.New("no target is left to try")

// forward has a request answered by one of its route's targets.
func (i *Ingress) forward(w http.ResponseWriter, r *http.Request, host paas.Hostname, counter *traffic) {
	ctx, cancel := context.WithCancelCause(r.Context())
	e := &exchange{ingress: i, host: host, cancel: cancel}
	seen := &answer{counter: counter, began: time.Now()}
	defer func() { seen.end(r.Context().Err() != nil) }()
	defer cancel(nil)
	defer e.release()
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		// Answers may begin while the request's body still comes.
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			i.options.Log.DebugContext(ctx, "ingress: full duplex", "error", err)
		}
	}
	if isSecure(r) {
		seen.strict, seen.offer = i.strictTransport(), i.offersHTTP3(peerAddress(r))
	}
	w.Header()["Content-Type"] = nil // net/http must not guess what the application left out
	proxy := httputil.ReverseProxy{
		Rewrite:        i.rewrite,
		Transport:      e,
		FlushInterval:  -1,
		BufferPool:     i.buffers,
		ErrorHandler:   e.fail,
		ModifyResponse: seen.saw,
		ErrorLog:       i.errorLog,
	}
	proxy.ServeHTTP(w, r.WithContext(ctx))
}

// RoundTrip sends the request to the least busy target. While nothing has happened that could not
// happen twice it tries the others too, those of a newer route among them.
func (e *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	body := hold(r)
	var last error
	for {
		if err := e.moveOn(r.Context()); err != nil {
			return nil, errors.Join(last, err)
		}
		answer, err := e.target.transport.RoundTrip(addressed(r, e.target))
		if err == nil {
			return answer, nil
		}
		last = fmt.Errorf("%s: %w", e.target.address, err)
		if r.Context().Err() != nil || !repeatable(r, body, err) {
			return nil, last
		}
	}
}

// moveOn leaves the target that was tried and takes the next one. It waits for an application that sleeps,
// or has gone to sleep since the request came.
func (e *exchange) moveOn(ctx context.Context) error {
	e.release()
	for {
		entry, err := e.ingress.awake(ctx, e.host)
		if err != nil {
			return err
		}
		if entry == nil || entry.route.State != paas.RouteLive {
			return errNoTarget
		}
		next := entry.leastBusy(e.tried)
		if next == nil {
			return errNoTarget
		}
		if next.take(e) {
			e.target = next
			e.tried = append(e.tried, next)
			return nil
		}
		// It was retired since the table was read, so there is a newer table.
	}
}

func (e *exchange) release() {
	if e.target != nil {
		e.target.release(e)
		e.target = nil
	}
}

// addressed returns a copy of the request that goes to t.
func addressed(r *http.Request, t *target) *http.Request {
	out := *r
	out.URL = new(url.URL)
	*out.URL = *r.URL
	out.URL.Scheme, out.URL.Host = "http", t.address.String()
	if t.protocol == paas.H2C && out.Header.Get("Upgrade") != "" { // there is none in HTTP/2
		out.Header = out.Header.Clone()
		out.Header.Del("Upgrade")
		out.Header.Del("Connection")
	}
	return &out
}

// repeatable tells whether a request that failed can be sent again: when no connection came about,
// or when it changes nothing; and in both cases only while its body has not been touched.
func repeatable(r *http.Request, body *heldBody, err error) bool {
	if body != nil && body.touched.Load() {
		return false
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	return body == nil && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, r.Method)
}

// heldBody is a request's body that survives a failed attempt, and knows whether it was read.
type heldBody struct {
	io.Reader
	touched atomic.Bool
}

// hold puts a held body in the request; it returns nil when the request has none.
func hold(r *http.Request) *heldBody {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	body := &heldBody{Reader: r.Body}
	r.Body = body
	return body
}

// Read reads on.
func (b *heldBody) Read(p []byte) (int, error) {
	b.touched.Store(true)
	return b.Reader.Read(p)
}

// Close does nothing: a transport closes what it could not send. The server closes the real one.
func (b *heldBody) Close() error { return nil }

// fail answers a request that no target answered.
func (e *exchange) fail(w http.ResponseWriter, r *http.Request, err error) {
	log := e.ingress.options.Log
	cause := context.Cause(r.Context())
	if cause == context.Canceled { // as it is, only the server says so
		log.DebugContext(r.Context(), "ingress: the client went away", "host", e.host)
		panic(http.ErrAbortHandler)
	}
	e.explain(w, r, errors.Join(err, cause))
}

// explain answers a request that no target answered with a page.
func (e *exchange) explain(w http.ResponseWriter, r *http.Request, err error) {
	e.complain(r.Context(), r.Method, err)
	if why, ok := errors.AsType[*heldBackError](err); ok {
		e.ingress.pages.write(w, r, why.notice())
		return
	}
	entry := e.ingress.table.Load().find(e.host)
	if entry != nil && entry.route.State == paas.RouteLive {
		e.ingress.pages.unreachable(w, r)
		return
	}
	e.ingress.pages.show(w, r, entry)
}
