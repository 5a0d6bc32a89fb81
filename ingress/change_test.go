package ingress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// Trial T1 at a small count: an application is replaced again and again under load, over connections
// that stay and new ones, with and without bodies; its old containers end after the drain.
func TestChangesUnderLoadLoseNothing(t *testing.T) {
	i := running(t, Options{})
	version := func(n int) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n)
		}))
	}
	server := version(0)
	i.Replace(live(addressOf(server)))

	var sent, failed atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: n%2 == 0}}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				sent.Add(1)
				if err := postOrGet(client, i, n < 4); err != nil {
					failed.Add(1)
					t.Error(err)
				}
			}
		})
	}
	for n := range 30 {
		next := version(n + 1)
		drain := i.Replace(live(addressOf(next)))
		must(t, drain(t.Context()))
		server.CloseClientConnections()
		server.Close()
		server = next
		if _, body := get(t, i, string(app)); body != fmt.Sprint(n+1) {
			t.Errorf("change %d was not effective when it returned: %s", n+1, body)
		}
	}
	stop()
	clients.Wait()
	server.Close()
	t.Logf("%d requests, %d failed", sent.Load(), failed.Load())
	if failed.Load() != 0 || sent.Load() == 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), sent.Load())
	}
}

func postOrGet(client *http.Client, i *Ingress, post bool) error {
	method, sent := http.MethodGet, ""
	if post {
		method, sent = http.MethodPost, strings.Repeat("x", 10_000)
	}
	status, _, err := fetch(client, method, "http://"+i.Address()+"/", sent)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	return err
}

// Trial T2: what is in flight during a change finishes, however slow.
func TestSlowRequestsFinishDuringAChange(t *testing.T) {
	i := running(t, Options{})
	const count = 20
	arrived, release := make(chan struct{}), make(chan struct{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "old")
	})))
	answers := make(chan string, count)
	for range count {
		go func() {
			_, body := get(t, i, string(app))
			answers <- body
		}()
	}
	for range count {
		<-arrived
	}
	drain := i.Replace(live(upstream(t, says("new"))))
	if _, body := get(t, i, string(app)); body != "new" {
		t.Errorf("after the change: %q", body)
	}
	early, cancel := context.WithCancel(t.Context())
	drained := make(chan error, 2)
	for range 2 { // every container that goes has a drain of its own
		go func() { drained <- drain(early) }()
	}
	select {
	case err := <-drained:
		t.Fatalf("drained with %d requests in flight: %v", count, err)
	default:
	}
	close(release)
	for range count {
		if body := <-answers; body != "old" {
			t.Errorf("got %q", body)
		}
	}
	for range 2 {
		must(t, <-drained)
	}
	cancel()
	must(t, drain(early)) // nothing is left that a deadline could cut
}

// upgraded opens a WebSocket-like connection through the ingress and checks that it echoes.
func upgraded(t *testing.T, i *Ingress) (net.Conn, *bufio.Reader) {
	t.Helper()
	connection, err := net.Dial("tcp", i.Address())
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	_, err = fmt.Fprintf(connection, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n", app)
	must(t, err)
	reader := bufio.NewReader(connection)
	answer, err := http.ReadResponse(reader, nil)
	must(t, err)
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %s", answer.Status)
	}
	echo(t, connection, reader)
	return connection, reader
}

func echo(t *testing.T, connection net.Conn, reader *bufio.Reader) {
	t.Helper()
	_, err := io.WriteString(connection, "hello\n")
	must(t, err)
	line, err := reader.ReadString('\n')
	if err != nil || line != "hello\n" {
		t.Fatalf("got %q, %v", line, err)
	}
}

// echoes is an application that changes protocols and sends back what it gets.
func echoes(w http.ResponseWriter, r *http.Request) {
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
	_ = buffered.Flush()
	_, _ = io.Copy(connection, buffered)
}

func TestWebSocketsLiveUntilTheDrainDeadline(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, echoes)))
	connection, reader := upgraded(t, i)
	drain := i.Replace(live(upstream(t, says("new"))))
	ctx, cancel := context.WithCancelCause(t.Context())
	drained := make(chan error, 1)
	go func() { drained <- drain(ctx) }()
	echo(t, connection, reader)

	deadline := errors.New("the deadline")
	cancel(deadline)
	if err := <-drained; !errors.Is(err, deadline) {
		t.Errorf("got %v, want the context's cause", err)
	}
	if _, err := reader.ReadByte(); err == nil {
		t.Error("the connection was not cut")
	}
	must(t, drain(t.Context())) // nothing is left
}

func TestRemovingCutsWhatIsInFlight(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, echoes)))
	_, reader := upgraded(t, i)
	i.Remove(app)
	if _, err := reader.ReadByte(); err == nil {
		t.Error("the connection was not cut")
	}
}

func TestATargetThatStaysIsNotDrained(t *testing.T) {
	i := running(t, Options{})
	stays := upstream(t, echoes)
	i.Replace(live(stays, unused(t)))
	connection, reader := upgraded(t, i)
	must(t, i.Replace(live(stays))(t.Context()))
	echo(t, connection, reader)
	drain := i.Replace(paas.Route{Host: app, State: paas.RouteStopped})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAFailedConnectionIsTriedElsewhere(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(unused(t), upstream(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }), unused(t)))
	client := newClient(t)
	for range 12 {
		answer := send(t, client, i, string(app), func(r *http.Request) {
			r.Method, r.Body = http.MethodPost, io.NopCloser(strings.NewReader("the body"))
		})
		body, err := io.ReadAll(answer.Body)
		if err != nil || string(body) != "the body" {
			t.Errorf("got %d %q, %v", answer.StatusCode, body, err)
		}
	}
}

// A request on its way to a target that ends is sent to the one that took its place, when it can be.
func TestARequestFollowsTheRoute(t *testing.T) {
	i := running(t, Options{})
	arrived, release := make(chan struct{}), make(chan struct{})
	dies := func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		panic(http.ErrAbortHandler)
	}
	for method, want := range map[string]int{http.MethodGet: http.StatusOK, http.MethodPost: http.StatusBadGateway} {
		i.Replace(live(upstream(t, dies)))
		status := make(chan int, 1)
		go func() {
			answer := send(t, newClient(t), i, string(app), func(r *http.Request) {
				r.Method = method
				if method == http.MethodPost {
					r.Body = io.NopCloser(strings.NewReader("once"))
				}
			})
			status <- answer.StatusCode
		}()
		<-arrived
		i.Replace(live(upstream(t, says("new"))))
		release <- struct{}{}
		if got := <-status; got != want {
			t.Errorf("%s: got %d, want %d", method, got, want)
		}
	}
}
