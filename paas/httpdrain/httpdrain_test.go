package httpdrain_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas/httpdrain"
)

// world is a server that answers, and can be told to end.
type world struct {
	t        *testing.T
	server   *httpdrain.Server
	listener net.Listener
	served   chan error
}

func newWorld(t *testing.T, patience time.Duration) *world {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &world{t: t, listener: listener, served: make(chan error, 1)}
	w.server = httpdrain.New(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "here")
	})})
	w.server.Patience = patience
	go func() { w.served <- w.server.Serve(listener) }()
	t.Cleanup(func() { _ = w.server.Close() })
	return w
}

// ends closes the listener and has the server end.
func (w *world) ends(ctx context.Context) <-chan error {
	must(w.t, w.listener.Close())
	<-w.served
	ended := make(chan error, 1)
	go func() { ended <- w.server.Shutdown(ctx) }()
	return ended
}

func (w *world) connect() net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.listener.Addr().String())
	must(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	must(w.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	for !w.server.Expecting() {
		time.Sleep(time.Millisecond)
	}
	return conn
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhoHasJustComeIsAnswered(t *testing.T) {
	for _, before := range []string{"", "GET / HT"} {
		const request = "GET / HTTP/1.1\r\nHost: here\r\n\r\n"
		w := newWorld(t, 20*time.Second)
		conn := w.connect()
		_, err := io.WriteString(conn, before)
		must(t, err)
		ended := w.ends(t.Context())
		time.Sleep(50 * time.Millisecond) // net/http's own Shutdown would have seen nobody to wait for
		_, err = io.WriteString(conn, request[len(before):])
		must(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%q: no answer: %v", before, err)
		}
		if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "here" || !answer.Close {
			t.Errorf("%q: got %q, %v, which ends the connection: %t", before, body, err, answer.Close)
		}
		must(t, <-ended)
	}
}

func TestWhoIsSilentIsNotWaitedFor(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	silent := w.connect()
	select {
	case err := <-w.ends(t.Context()):
		must(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("it waits")
	}
	if n, err := silent.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the silent connection read %d bytes, %v", n, err)
	}
}

func TestTheDeadlineEndsTheWaiting(t *testing.T) {
	w := newWorld(t, time.Hour)
	w.connect()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	select {
	case <-w.ends(ctx):
	case <-time.After(20 * time.Second):
		t.Fatal("it waits")
	}
}
