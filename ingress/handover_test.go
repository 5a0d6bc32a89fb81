package ingress

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paastech-cloud/paastech/ingress/certificate"
)

// TestHandoversLoseNoRequest has one ingress after another take over the listeners, as the daemons of an upgrade
// do, while clients of every kind ask.
func TestHandoversLoseNoRequest(t *testing.T) {
	handovers := 10
	if os.Getenv("PAASTECH_SOAK") == "1" {
		handovers = 500
	}
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body) // the answer shows what came
		fmt.Fprintf(w, "here %s", text)
	})
	certificates := certificate.Options{Dir: t.TempDir()}
	plain, redirecting, secure := listening(t), listening(t), listening(t)
	next := func() []*doomedIngress {
		return []*doomedIngress{
			doomed(t, Options{Listener: again(t, plain)}, target),
			doomed(t, Options{Listener: again(t, redirecting), TLS: &TLS{Listener: again(t, secure), Certificates: certificates}}, target),
		}
	}
	running := next()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var asking sync.WaitGroup
	counts := map[string]*atomic.Int64{}
	m := &mixed{t: t}
	for name, road := range map[string]struct {
		client *http.Client
		base   string
		post   bool // what is posted over a used connection of HTTP/1.1 is not asked again (RFC 9112, 9.3.1)
	}{
		"HTTP/1.1":              {client: newClient(t), base: "http://" + plain.Addr().String()},
		"HTTP/1.1, anew":        {client: anew(newClient(t)), base: "http://" + plain.Addr().String(), post: true},
		"HTTP/2 without TLS":    {client: h2c(t), base: "http://" + plain.Addr().String(), post: true},
		"to be redirected":      {client: anew(newClient(t)), base: "http://" + redirecting.Addr().String(), post: true},
		"HTTP/1.1 on TLS":       {client: m.trusting(false), base: "https://" + secure.Addr().String()},
		"HTTP/1.1 on TLS, anew": {client: anew(m.trusting(false)), base: "https://" + secure.Addr().String(), post: true},
		"HTTP/2":                {client: m.trusting(true), base: "https://" + secure.Addr().String(), post: true},
		"HTTP/2, anew":          {client: anew(m.trusting(true)), base: "https://" + secure.Addr().String(), post: true},
	} {
		count := new(atomic.Int64)
		counts[name] = count
		for range 2 {
			asking.Go(func() {
				defer road.client.CloseIdleConnections()
				for ctx.Err() == nil {
					method, sent := http.MethodGet, ""
					if n := count.Add(1); road.post && n%2 == 0 {
						method, sent = http.MethodPost, "this"
					}
					if err := asked(road.client, method, road.base, sent); err != nil {
						t.Errorf("%s, %s: %v", name, method, err)
					}
				}
			})
		}
	}
	for range handovers {
		former := running
		running = next()
		for _, d := range former {
			d.end()
		}
		for _, d := range former {
			must(t, <-d.ended)
		}
	}
	stop()
	asking.Wait()
	for name, count := range counts {
		t.Logf("%s: %d requests", name, count.Load())
		if count.Load() == 0 {
			t.Errorf("%s: nothing was asked", name)
		}
	}
	for _, d := range running {
		d.end()
		must(t, <-d.ended)
	}
}

// asked asks for the application and tells what is wrong with the answer.
func asked(client *http.Client, method, base, sent string) error {
	status, text, err := fetch(client, method, base, sent)
	if err == nil && status != http.StatusPermanentRedirect && (status != http.StatusOK || text != "here "+sent) {
		err = fmt.Errorf("%d: %q", status, text)
	}
	return err
}

// fetch asks for the application and reads the answer.
func fetch(client *http.Client, method, base, sent string) (status int, text string, err error) {
	request, err := http.NewRequest(method, base, strings.NewReader(sent))
	if err != nil {
		return 0, "", err
	}
	request.Host = string(app)
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

// anew has a client make a connection for each request.
func anew(client *http.Client) *http.Client {
	client.Transport.(*http.Transport).DisableKeepAlives = true
	return client
}

func listening(t *testing.T) *net.TCPListener {
	t.Helper()
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// again is the same socket as another descriptor, as a daemon's successor has it.
func again(t *testing.T, listener *net.TCPListener) net.Listener {
	t.Helper()
	file, err := listener.File()
	must(t, err)
	defer file.Close()
	copied, err := net.FileListener(file)
	must(t, err)
	return copied
}
