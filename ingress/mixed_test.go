package ingress

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/ingress/certificate"
)

// mixed is everything that visitors do, each for as long as it is told to, over both listeners.
type mixed struct {
	t      *testing.T
	plain  *Ingress
	secure *Ingress
	counts sync.Map // of what was done, by its name: *atomic.Int64
}

// idle is how many more goroutines and open files the connections to an application may be that 27 visitors
// left idle; a leak of one per visit is far more.
const idle = 54

// TestMixedProtocolsLeakNothing: everything that visitors do, all at once, for 10 minutes with
// PAASTECH_SOAK=1 and 2 seconds without; there are as many goroutines, open files and, in the long run, as
// much memory as after a tenth of it.
func TestMixedProtocolsLeakNothing(t *testing.T) {
	soak := os.Getenv("PAASTECH_SOAK") == "1"
	long := 2 * time.Second
	if soak {
		long = 10 * time.Minute
	}
	target := upstream(t, everything)
	m := &mixed{t: t, plain: running(t, Options{})}
	m.secure = runningAt(t, Options{Listen: "127.0.0.1:0", TLS: &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}}})
	m.plain.Replace(live(target))
	m.secure.Replace(live(target))
	m.run(t.Context(), long/10)
	before := m.settled(0, 0)
	m.run(t.Context(), long)
	after := m.settled(before.goroutines, before.files)
	m.counts.Range(func(what, count any) bool {
		t.Logf("%-28s %d", what, count.(*atomic.Int64).Load())
		if count.(*atomic.Int64).Load() == 0 {
			t.Errorf("%s: never", what)
		}
		return true
	})
	t.Logf("before %+v, after %+v", before, after)
	if after.goroutines > before.goroutines+idle || after.files > before.files+idle {
		t.Errorf("goroutines %d -> %d, open files %d -> %d", before.goroutines, after.goroutines, before.files, after.files)
	}
	if soak && after.heap > before.heap+8<<20 {
		t.Errorf("heap %d -> %d bytes", before.heap, after.heap)
	}
}

// everything is an application that does what the path says.
func everything(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ws":
		echoes(w, r)
	case "/events":
		w.Header().Set("Content-Type", "text/event-stream")
		for n := range 10 {
			fmt.Fprintf(w, "data: %d\n\n", n)
			_ = http.NewResponseController(w).Flush() // its client may have gone
		}
	case "/endless":
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	case "/upload":
		n, _ := io.Copy(io.Discard, r.Body) // its client may go
		w.Header().Set("Trailer", "X-Size")
		fmt.Fprint(w, n)
		w.Header().Set("X-Size", fmt.Sprint(n))
	case "/early":
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprint(w, "here")
	default:
		fmt.Fprint(w, "here")
	}
}

// run lets visitors of every kind come for a time.
func (m *mixed) run(ctx context.Context, long time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	var visitors sync.WaitGroup
	roads := map[string]func() (*http.Client, string){
		"h1": func() (*http.Client, string) { return newClient(m.t), "http://" + m.plain.Address() },
		"h1 TLS": func() (*http.Client, string) {
			return m.trusting(false), "https://" + m.secure.AddressTLS()
		},
		"h2":  func() (*http.Client, string) { return m.trusting(true), "https://" + m.secure.AddressTLS() },
		"h2c": func() (*http.Client, string) { return h2c(m.t), "http://" + m.plain.Address() },
		"h3":  func() (*http.Client, string) { return h3(m.t), "https://" + m.secure.AddressTLS() },
	}
	for road, open := range roads {
		for what, visit := range map[string]func(context.Context, *http.Client, string) error{
			"small": m.get("/"), "events": m.get("/events"), "early hints": m.get("/early"), "upload": m.upload, "gives up": m.giveUp,
		} {
			count, _ := m.counts.LoadOrStore(road+" "+what, new(atomic.Int64))
			visitors.Go(func() {
				client, base := open()
				defer client.CloseIdleConnections()
				for ctx.Err() == nil {
					if err := visit(ctx, client, base); err != nil && ctx.Err() == nil {
						m.t.Errorf("%s %s: %v", road, what, err)
						return
					}
					count.(*atomic.Int64).Add(1)
				}
			})
		}
	}
	for what, dial := range map[string]func() (net.Conn, error){
		"WebSocket": func() (net.Conn, error) { return net.Dial("tcp", m.plain.Address()) },
		"WebSocket TLS": func() (net.Conn, error) {
			return tls.Dial("tcp", m.secure.AddressTLS(), &tls.Config{InsecureSkipVerify: true, ServerName: string(app)})
		},
	} {
		count, _ := m.counts.LoadOrStore(what, new(atomic.Int64))
		visitors.Go(func() {
			for ctx.Err() == nil {
				if err := m.talk(dial); err != nil {
					m.t.Errorf("%s: %v", what, err)
					return
				}
				count.(*atomic.Int64).Add(1)
			}
		})
	}
	visitors.Wait()
}

func (m *mixed) trusting(h2 bool) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2)
	protocols.SetHTTP2(h2)
	return &http.Client{Transport: &http.Transport{
		Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: string(app)}, // the certificate is others' business
	}}
}

// do makes a request and reads its answer up to some bytes.
func (m *mixed) do(ctx context.Context, client *http.Client, method, url string, body io.Reader, most int64) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return "", err
	}
	request.Host = string(app)
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", answer.Status)
	}
	return string(text), err
}

func (m *mixed) get(path string) func(context.Context, *http.Client, string) error {
	return func(ctx context.Context, client *http.Client, base string) error {
		text, err := m.do(ctx, client, http.MethodGet, base+path, nil, 1<<20)
		if err == nil && text == "" {
			err = errors.New("empty")
		}
		return err
	}
}

func (m *mixed) upload(ctx context.Context, client *http.Client, base string) error {
	const size = 300 << 10
	text, err := m.do(ctx, client, http.MethodPost, base+"/upload", bytes.NewReader(make([]byte, size)), 1<<20)
	if err == nil && text != fmt.Sprint(size) {
		err = fmt.Errorf("%s bytes arrived", text)
	}
	return err
}

// giveUp goes away in the middle of an answer that has no end.
func (m *mixed) giveUp(ctx context.Context, client *http.Client, base string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := m.do(ctx, client, http.MethodGet, base+"/endless", nil, 100<<10)
	return err
}

// talk opens a WebSocket, has some lines echoed, and closes it.
func (m *mixed) talk(dial func() (net.Conn, error)) error {
	connection, err := dial()
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	fmt.Fprintf(connection, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", app)
	reader := bufio.NewReader(connection)
	if answer, err := http.ReadResponse(reader, nil); err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("no upgrade: %w", err)
	}
	for range 10 {
		fmt.Fprintln(connection, "hello")
		if line, err := reader.ReadString('\n'); err != nil || line != "hello\n" {
			return fmt.Errorf("heard %q: %w", line, err)
		}
	}
	return nil
}

// held is what the process holds.
type held struct {
	goroutines, files int
	heap              uint64 // bytes
}

// settled is what is held once it is no more than it was, or has had its time.
func (m *mixed) settled(goroutines, files int) (now held) {
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		http.DefaultClient.CloseIdleConnections()
		open, err := os.ReadDir("/proc/self/fd")
		must(m.t, err)
		now = held{goroutines: runtime.NumGoroutine(), files: len(open)}
		calm := goroutines > 0 && now.goroutines <= goroutines+idle/2 && now.files <= files+idle/2
		if calm || time.Now().After(deadline) || goroutines == 0 && time.Until(deadline) < 13*time.Second {
			break
		}
	}
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	now.heap = stats.HeapAlloc
	return now
}
