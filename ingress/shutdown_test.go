package ingress

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/ingress/certificate"
)

// doomedIngress is an ingress whose end the test chooses.
type doomedIngress struct {
	*Ingress
	t     *testing.T
	end   context.CancelFunc
	ended chan error
}

// doomed starts one that leads to a target from its beginning.
func doomed(t *testing.T, options Options, target netip.AddrPort) *doomedIngress {
	t.Helper()
	options.Listen, options.Log = "127.0.0.1:0", discard()
	ctx, cancel := context.WithCancel(context.Background())
	i, err := New(ctx, options)
	must(t, err)
	i.Replace(live(target))
	for _, f := range i.fronts() {
		f.server.Patience = 20 * time.Second // on a machine that has much to do
	}
	d := &doomedIngress{Ingress: i, t: t, end: cancel, ended: make(chan error, 1)}
	go func() { d.ended <- i.Run(ctx) }()
	t.Cleanup(cancel)
	return d
}

// begins has the ingress begin to end.
func (d *doomedIngress) begins() {
	d.end()
	for !d.closing.Load() {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // whatever ends at once has ended
}

// expects waits until the ingress has taken a connection over which no request has come.
func (d *doomedIngress) expects() {
	d.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if slices.ContainsFunc(d.fronts(), func(f *front) bool { return f.server.Expecting() }) {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatal("no connection is taken")
		}
	}
}

// TestShutdownAnswersWhoHasJustCome connects, has the ingress end, and only then asks: on each road there is.
func TestShutdownAnswersWhoHasJustCome(t *testing.T) {
	plain := func(d *doomedIngress) (net.Conn, error) { return net.Dial("tcp", d.Address()) }
	secure := func(protocol string) func(d *doomedIngress) (net.Conn, error) {
		return func(d *doomedIngress) (net.Conn, error) {
			return tls.Dial("tcp", d.AddressTLS(), &tls.Config{InsecureSkipVerify: true, ServerName: string(app), NextProtos: []string{protocol}})
		}
	}
	proxied := Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	withTLS := Options{TLS: &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}}}
	const get, end = "GET / HTTP/1.1\r\nHost: app.example.com\r\n", "\r\n"
	for name, c := range map[string]struct {
		options Options
		connect func(*doomedIngress) (net.Conn, error)
		before  string // sent before the end begins
		after   string
		status  int
	}{
		"a usual request":               {connect: plain, after: get + end, status: http.StatusOK},
		"one whose first half has come": {connect: plain, before: get[:20], after: get[20:] + end, status: http.StatusOK},
		"one for net/http":              {connect: plain, after: get + "Expect: 100-continue\r\nX: \xff\r\n" + end, status: http.StatusOK},
		"one for a page":                {connect: plain, after: "GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n", status: http.StatusNotFound},
		"behind a trusted proxy":        {options: proxied, connect: plain, after: get + end, status: http.StatusOK},
		"half of one, behind a proxy":   {options: proxied, connect: plain, before: get[:20], after: get[20:] + end, status: http.StatusOK},
		"to be sent to TLS":             {options: withTLS, connect: plain, after: get + end, status: http.StatusPermanentRedirect},
		"over TLS":                      {options: withTLS, connect: secure("http/1.1"), after: get + end, status: http.StatusOK},
		"HTTP/2":                        {options: withTLS, connect: secure("h2"), status: http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := doomed(t, c.options, upstream(t, says("here")))
			conn, err := c.connect(d)
			must(t, err)
			defer conn.Close()
			must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
			_, err = io.WriteString(conn, c.before)
			must(t, err)
			d.expects()
			d.begins()
			if c.after == "" {
				client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}}
				answer, err := client.Get("https://" + string(app))
				must(t, err)
				defer answer.Body.Close()
				if answer.StatusCode != c.status || answer.ProtoMajor != 2 {
					t.Errorf("got %s, %s", answer.Proto, answer.Status)
				}
				client.CloseIdleConnections()
			} else {
				_, err = io.WriteString(conn, c.after)
				must(t, err)
				answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatalf("no answer: %v", err)
				}
				defer answer.Body.Close()
				if answer.StatusCode != c.status || !answer.Close {
					t.Errorf("got %s, which ends the connection: %t", answer.Status, answer.Close)
				}
			}
			must(t, <-d.ended)
		})
	}
}

// TestShutdownWaitsForNobodyWhoIsSilent: connections without a request, and used ones that wait, do not hold it up.
func TestShutdownWaitsForNobodyWhoIsSilent(t *testing.T) {
	d := doomed(t, Options{ShutdownTimeout: time.Hour, TLS: &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}}}, upstream(t, says("here")))
	for _, f := range d.fronts() {
		f.server.Patience = 100 * time.Millisecond
	}
	for _, address := range []string{d.Address(), d.AddressTLS()} {
		silent, err := net.Dial("tcp", address)
		must(t, err)
		defer silent.Close()
	}
	asks, err := tls.Dial("tcp", d.AddressTLS(), &tls.Config{InsecureSkipVerify: true, ServerName: string(app)})
	must(t, err)
	defer asks.Close()
	_, err = io.WriteString(asks, "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n")
	must(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(asks), nil)
	must(t, err)
	if _, err := io.ReadAll(answer.Body); err != nil || answer.Close {
		t.Errorf("the answer before the end: %v, closes %t", err, answer.Close)
	}
	d.end()
	select {
	case err := <-d.ended:
		must(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("it waits")
	}
}

// TestShutdownFinishesWhatIsSlow: one front being done early does not end the other's requests.
func TestShutdownFinishesWhatIsSlow(t *testing.T) {
	for n := range 20 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			arrived, release := make(chan struct{}), make(chan struct{})
			target := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				close(arrived)
				<-release
				_, _ = io.WriteString(w, "finished")
			})
			d := doomed(t, Options{TLS: &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}}}, target)
			conn, err := tls.Dial("tcp", d.AddressTLS(), &tls.Config{InsecureSkipVerify: true, ServerName: string(app)})
			must(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n")
			must(t, err)
			<-arrived
			d.begins()
			close(release)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			must(t, err)
			if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "finished" {
				t.Errorf("got %q, %v", body, err)
			}
			must(t, <-d.ended)
		})
	}
}

func TestShutdownFinishesRequestsAndCutsWebSockets(t *testing.T) {
	options := Options{Listen: "127.0.0.1:0", Log: discard()}
	ctx, cancel := context.WithCancel(t.Context())
	i, err := New(ctx, options)
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx) }()

	arrived, release := make(chan struct{}), make(chan struct{})
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			echoes(w, r)
			return
		}
		arrived <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "finished")
	})
	i.Replace(live(target))
	_, reader := upgraded(t, i)
	body := make(chan string, 1)
	go func() {
		_, text := get(t, i, string(app))
		body <- text
	}()
	<-arrived
	cancel()
	close(release)
	if got := <-body; got != "finished" {
		t.Errorf("got %q", got)
	}
	must(t, <-ended)
	if _, err := reader.ReadByte(); err == nil {
		t.Error("the WebSocket was not cut")
	}
}
