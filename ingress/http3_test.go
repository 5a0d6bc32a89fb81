package ingress

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/paastech-cloud/paastech/ingress/certificate"
)

// secured starts an ingress with TLS, whose certificates are of a CA of its own.
func secured(t testing.TB, options Options) *Ingress {
	options.Listen = "127.0.0.1:0"
	options.TLS = &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}, Port: 8443}
	return runningAt(t, options)
}

// h3 is a client that speaks HTTP/3 alone; whose the certificate is, is others' business.
func h3(t testing.TB) *http.Client {
	transport := &http3.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: string(app)}}
	t.Cleanup(func() { _ = transport.Close() })
	return &http.Client{Transport: transport}
}

// ask3 makes a request; what the answer says is read by the caller.
func ask3(t testing.TB, client *http.Client, i *Ingress, method, path string, body io.Reader) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://"+i.AddressTLS()+path, body)
	must(t, err)
	request.Host = string(app)
	answer, err := client.Do(request)
	must(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestHTTP3(t *testing.T) {
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "only this")
		case "/upload":
			text, err := io.ReadAll(r.Body)
			w.Header().Set("Trailer", "X-Sum")
			fmt.Fprintf(w, "%d %v %q", len(text), err, r.Trailer.Get("X-Asked"))
			w.Header().Set("X-Sum", "1")
		default:
			fmt.Fprintf(w, "%s %s over %s for %s, %s", r.Method, r.URL, r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-For"), r.Host)
		}
	})
	i := secured(t, Options{})
	i.Replace(live(target))

	first, err := visitTLS(t, i, app, nil)
	if err == nil {
		t.Fatalf("a CA that nobody trusts: %v", first)
	}
	overTCP := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: string(app)}}}
	overH2 := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: string(app)}}}
	for name, client := range map[string]*http.Client{"HTTP/1.1": overTCP, "HTTP/2": overH2, "HTTP/3": h3(t)} {
		answer := ask3(t, client, i, http.MethodGet, "/a%2Fb?c=;d", nil)
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		if want := "GET /a%2Fb?c=;d over https for 127.0.0.1, app.example.com"; string(body) != want || !strings.HasPrefix(answer.Proto, name) {
			t.Errorf("%s: %s says %q, not %q", name, answer.Proto, body, want)
		}
		if got := answer.Header.Get("Alt-Svc"); got != `h3=":8443"; ma=86400` {
			t.Errorf("%s offers %q", name, got)
		}
	}

	client := h3(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	answer := ask3(t, client, i, http.MethodPost, "/upload", bytes.NewReader(sent))
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	if want := fmt.Sprintf(`%d <nil> ""`, len(sent)); string(body) != want || answer.Trailer.Get("X-Sum") != "1" {
		t.Errorf("uploaded: %q, not %q; trailers %v", body, want, answer.Trailer)
	}

	request, err := http.NewRequest(http.MethodGet, "https://"+i.AddressTLS()+"/broken", nil)
	must(t, err)
	request.Host = string(app)
	broken, err := client.Do(request)
	if err == nil {
		var text []byte
		text, err = io.ReadAll(broken.Body)
		t.Logf("of the broken answer came %q", text)
	}
	if err == nil {
		t.Error("an answer that breaks off came whole")
	}

	for _, method := range []string{http.MethodTrace, http.MethodOptions} {
		answer := ask3(t, client, i, method, "/", nil)
		if refused := answer.StatusCode == http.StatusMethodNotAllowed; refused != (method == http.MethodTrace) {
			t.Errorf("%s: %d", method, answer.StatusCode)
		}
	}
	request.URL.Path = "/"
	request.Header.Set("X-Long", strings.Repeat("x", 2*maxHeaderBytes))
	if answer, err := client.Do(request); err == nil && answer.StatusCode < 400 {
		t.Errorf("a header of %d bytes: %d", 2*maxHeaderBytes, answer.StatusCode)
	}
}

// TestHTTP3Streams: each event arrives before the next is made, and a client that goes away ends its request.
func TestHTTP3Streams(t *testing.T) {
	next, gone := make(chan struct{}), make(chan struct{})
	i := secured(t, Options{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		for n := 0; ; n++ {
			fmt.Fprintf(w, "event %d\n", n)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				close(gone)
				return
			}
		}
	})))
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+i.AddressTLS()+"/", nil)
	must(t, err)
	request.Host = string(app)
	answer, err := h3(t).Do(request)
	must(t, err)
	defer answer.Body.Close()
	for n := range 3 {
		line := make([]byte, len("event 0\n"))
		_, err := io.ReadFull(answer.Body, line)
		must(t, err)
		if want := fmt.Sprintf("event %d\n", n); string(line) != want {
			t.Fatalf("%q, not %q", line, want)
		}
		if n < 2 {
			next <- struct{}{}
		}
	}
	cancel()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the application was not told that its client has gone")
	}
}

// TestHTTP3ConnectionsAreCounted with those over TCP.
func TestHTTP3ConnectionsAreCounted(t *testing.T) {
	i := secured(t, Options{ConnectionsPerAddress: 2})
	i.Replace(live(upstream(t, says("here"))))
	answered := func(client *http.Client) error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+i.AddressTLS()+"/", nil)
		must(t, err)
		request.Host = string(app)
		answer, err := client.Do(request)
		if err == nil {
			_ = answer.Body.Close()
		}
		return err
	}
	held, err := net.Dial("tcp", i.Address())
	must(t, err)
	defer held.Close()
	for i.seats.count(netip.MustParseAddr("127.0.0.1")) < 1 {
		time.Sleep(time.Millisecond)
	}
	one := h3(t)
	must(t, answered(one))
	if answered(h3(t)) == nil {
		t.Error("one too many was let in")
	}
	one.CloseIdleConnections()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if err = answered(h3(t)); err == nil || time.Now().After(deadline) {
			break
		}
	}
	must(t, err)
}

// TestHTTP3EndsInOrder: a request in flight finishes, new ones are not taken, and an idle client does not hold the end up.
func TestHTTP3EndsInOrder(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			entered <- struct{}{}
			<-leave
		}
		fmt.Fprint(w, "whole")
	})
	options := Options{Listen: "127.0.0.1:0", Log: discard(), ShutdownTimeout: 30 * time.Second}
	options.TLS = &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}}
	ctx, cancel := context.WithCancel(t.Context())
	i, err := New(ctx, options)
	must(t, err)
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx) }()
	i.Replace(live(target))
	idle := h3(t)
	ask3(t, idle, i, http.MethodGet, "/", nil)
	var slow sync.WaitGroup
	slow.Go(func() {
		answer := ask3(t, h3(t), i, http.MethodGet, "/slow", nil)
		if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "whole" {
			t.Errorf("cut at the end: %q, %v", text, err)
		}
	})
	<-entered
	began := time.Now()
	cancel()
	time.Sleep(100 * time.Millisecond)
	close(leave)
	slow.Wait()
	must(t, <-ended)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the end took %s, for an idle client", took)
	}
}
