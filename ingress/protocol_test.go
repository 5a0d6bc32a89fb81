package ingress

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"reflect"
	"strings"
	"testing"
	"time"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// h2c is a client that speaks HTTP/2 without TLS.
func h2c(t *testing.T) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// bothProtocols runs a test over HTTP/1.1 and HTTP/2.
func bothProtocols(t *testing.T, test func(t *testing.T, client *http.Client)) {
	t.Run("http1", func(t *testing.T) { test(t, newClient(t)) })
	t.Run("h2c", func(t *testing.T) { test(t, h2c(t)) })
}

func TestBothWaysStreamAtOnce(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		must(t, http.NewResponseController(w).EnableFullDuplex())
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			fmt.Fprintln(w, strings.ToUpper(lines.Text()))
			must(t, http.NewResponseController(w).Flush())
		}
	})))
	bothProtocols(t, func(t *testing.T, client *http.Client) {
		body, upload := io.Pipe()
		written := make(chan error, 1)
		go func() {
			_, err := io.WriteString(upload, "one\n")
			written <- err
		}()
		answer := send(t, client, i, string(app), func(r *http.Request) { r.Method, r.Body = http.MethodPost, body })
		must(t, <-written)
		lines := bufio.NewReader(answer.Body)
		for _, next := range []string{"two\n", ""} {
			line, err := lines.ReadString('\n')
			must(t, err)
			if line != "ONE\n" && line != "TWO\n" {
				t.Errorf("got %q", line)
			}
			if next == "" {
				break
			}
			_, err = io.WriteString(upload, next)
			must(t, err)
		}
		must(t, upload.Close())
		if rest, err := io.ReadAll(lines); err != nil || len(rest) != 0 {
			t.Errorf("got %q, %v", rest, err)
		}
	})
}

func TestEventsArriveOneByOne(t *testing.T) {
	i := running(t, Options{})
	next := make(chan struct{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for n := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", n)
			must(t, http.NewResponseController(w).Flush())
			<-next
		}
	})))
	bothProtocols(t, func(t *testing.T, client *http.Client) {
		answer := send(t, client, i, string(app), nil)
		lines := bufio.NewReader(answer.Body)
		for n := range 3 {
			line, err := lines.ReadString('\n')
			if err != nil || line != fmt.Sprintf("data: %d\n", n) {
				t.Fatalf("got %q, %v", line, err)
			}
			_, err = lines.ReadString('\n')
			must(t, err)
			next <- struct{}{}
		}
	})
}

func TestLargeUploadsAndTrailers(t *testing.T) {
	i := running(t, Options{})
	const size = 20 << 20
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Announced")
		fmt.Fprintf(w, "%d %v %s", n, err, r.Trailer.Get("X-Sum"))
		w.Header().Set("X-Announced", "a")
		w.Header().Set(http.TrailerPrefix+"X-Late", "b")
	})))
	bothProtocols(t, func(t *testing.T, client *http.Client) {
		answer := send(t, client, i, string(app), func(r *http.Request) {
			r.Method, r.Body = http.MethodPut, io.NopCloser(io.LimitReader(zeros{}, size))
			r.Trailer = http.Header{"X-Sum": {"sum"}}
		})
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		if want := fmt.Sprintf("%d <nil> sum", size); string(body) != want {
			t.Errorf("got %q, want %q", body, want)
		}
		if answer.Trailer.Get("X-Announced") != "a" || answer.Trailer.Get("X-Late") != "b" {
			t.Errorf("the trailer is %v", answer.Trailer)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// The body is asked for only when the application asks for it, and its early answers come through.
func TestContinueAndEarlyHints(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.Copy(w, r.Body)
	})))
	for path, want := range map[string]int{"/refuse": http.StatusRequestEntityTooLarge, "/": http.StatusOK} {
		early := map[int]int{}
		body := &countedReader{Reader: strings.NewReader("body")}
		client := newClient(t)
		client.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
		answer := send(t, client, i, string(app), func(r *http.Request) {
			*r = *r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
				Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { early[code]++; return nil },
			}))
			r.Method, r.URL.Path, r.Body, r.ContentLength = http.MethodPost, path, io.NopCloser(body), 4
			r.Header.Set("Expect", "100-continue")
		})
		if answer.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, answer.StatusCode, want)
		}
		refused := want != http.StatusOK
		if refused && (body.count != 0 || early[http.StatusContinue] != 0) {
			t.Errorf("%s: the body was sent though nobody wanted it (%d reads, %v)", path, body.count, early)
		}
		if !refused && (early[http.StatusContinue] != 1 || early[http.StatusEarlyHints] != 1) {
			t.Errorf("%s: early answers are %v", path, early)
		}
	}
}

type countedReader struct {
	io.Reader
	count int
}

func (r *countedReader) Read(p []byte) (int, error) {
	r.count++
	return r.Reader.Read(p)
}

// A response that breaks off is not made a short one that looks whole.
func TestABrokenResponseIsBrokenOff(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", "100")
		}
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})))
	bothProtocols(t, func(t *testing.T, client *http.Client) {
		for _, path := range []string{"/length", "/chunked"} {
			answer := send(t, client, i, string(app), func(r *http.Request) { r.URL.Path = path })
			if body, err := io.ReadAll(answer.Body); err == nil {
				t.Errorf("%s: got %d and a whole %q", path, answer.StatusCode, body)
			}
		}
	})
}

func TestWhatTheApplicationSees(t *testing.T) {
	var seen *http.Request
	target := upstream(t, func(_ http.ResponseWriter, r *http.Request) { seen = r })
	lies := http.Header{
		"X-Forwarded-For":   {"6.6.6.6", "7.7.7.7"},
		"X-Forwarded-Host":  {"evil"},
		"X-Forwarded-Proto": {"https"},
		"X-Forwarded-Port":  {"666"},
		"X_forwarded_for":   {"6.6.6.6"},
		"X-Real-Ip":         {"6.6.6.6"},
		"Forwarded":         {"for=6.6.6.6"},
		"Connection":        {"X-Hop, X-Forwarded-For"},
		"X-Hop":             {"1"},
		"Proxy-Connection":  {"1"},
		"Proxy-Authorization": {
			"Basic x",
		},
		"Te":              {"trailers, deflate"},
		"Cookie":          {"a=b"},
		"Accept-Encoding": {"br;q=0.5"},
		"User-Agent":      {""},
	}
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		want    http.Header
	}{
		"a stranger": {nil, http.Header{
			"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Host": {"App.example.com:8080"}, "X-Forwarded-Proto": {"http"}, "X-Real-Ip": {"127.0.0.1"},
		}},
		"a trusted proxy": {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, http.Header{
			"X-Forwarded-For": {"6.6.6.6, 7.7.7.7, 127.0.0.1"}, "X-Forwarded-Host": {"evil"}, "X-Forwarded-Proto": {"https"},
			"X-Forwarded-Port": {"666"}, "X_forwarded_for": {"6.6.6.6"}, "X-Real-Ip": {"6.6.6.6"},
		}},
	} {
		i := running(t, Options{TrustedProxies: c.trusted})
		i.Replace(live(target))
		const uri = "//a/../b%2Fc?x=1;y=2&z=%zz"
		send(t, newClient(t), i, "App.example.com:8080", func(r *http.Request) {
			r.URL.Path, r.URL.RawPath, r.URL.RawQuery = "//a/../b/c", "//a/../b%2Fc", "x=1;y=2&z=%zz"
			r.Header = lies.Clone()
		})
		c.want["Te"], c.want["Cookie"], c.want["Accept-Encoding"] = []string{"trailers"}, []string{"a=b"}, []string{"br;q=0.5"}
		if !reflect.DeepEqual(seen.Header, c.want) {
			t.Errorf("%s: got %v, want %v", name, seen.Header, c.want)
		}
		if seen.Host != "App.example.com:8080" || seen.RequestURI != uri {
			t.Errorf("%s: got %s %s", name, seen.Host, seen.RequestURI)
		}
	}
}

func TestAnswersComeThroughAsTheyAre(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.URL.Path == "/bare" {
			h["Content-Type"] = nil
			_, _ = io.WriteString(w, "<html>")
			return
		}
		h.Set("Location", "/next")
		h.Add("Set-Cookie", "a=1")
		h.Add("Set-Cookie", "b=2")
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusFound)
		packed := gzip.NewWriter(w)
		_, _ = io.WriteString(packed, "packed")
		_ = packed.Close()
	})))
	answer := send(t, newClient(t), i, string(app), nil)
	unpacked, err := gzip.NewReader(answer.Body)
	must(t, err)
	text, err := io.ReadAll(unpacked)
	must(t, err)
	if answer.StatusCode != http.StatusFound || answer.Header.Get("Location") != "/next" || len(answer.Header["Set-Cookie"]) != 2 || string(text) != "packed" {
		t.Errorf("got %d %v %q", answer.StatusCode, answer.Header, text)
	}
	bare := send(t, newClient(t), i, string(app), func(r *http.Request) { r.URL.Path = "/bare" })
	if types, there := bare.Header["Content-Type"]; there {
		t.Errorf("a type was guessed: %v", types)
	}
}

func TestProtocolsChangeButNotToHTTP2(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "websocket" {
			echoes(w, r)
			return
		}
		fmt.Fprint(w, r.Header.Get("Upgrade"), r.Header.Get("Http2-Settings"), r.Header.Get("Connection"))
	})))
	upgraded(t, i)
	answer := send(t, newClient(t), i, string(app), func(r *http.Request) {
		r.Header.Set("Connection", "Upgrade, HTTP2-Settings")
		r.Header.Set("Upgrade", "H2C")
		r.Header.Set("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA")
	})
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || len(body) != 0 {
		t.Errorf("got %d %q, %v", answer.StatusCode, body, err)
	}
}

// The rest of trial T44: whoever does not finish a header is not waited for.
func TestHalfSentHeadersAreClosed(t *testing.T) {
	i := running(t, Options{ReadHeaderTimeout: 50 * time.Millisecond})
	for _, start := range []string{"", "GET / HT", "GET / HTTP/1.1\r\nHost: app.example.com\r\n", "PRI * HTTP/2.0\r\n"} {
		connection, err := net.Dial("tcp", i.Address())
		must(t, err)
		_, err = io.WriteString(connection, start)
		must(t, err)
		must(t, connection.SetReadDeadline(time.Now().Add(30*time.Second)))
		if _, err := io.ReadAll(connection); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q: got %v, want the connection closed", start, err)
		}
		must(t, connection.Close())
	}
	if fresh := (Options{}); fresh.ReadHeaderTimeout != 0 || defaultReadHeaderTimeout > 10*time.Second {
		t.Error("the default is too long")
	}
}

func TestMethodsThatAreNotForwarded(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, says("app"))))
	for line, want := range map[string]int{
		"CONNECT app.example.com:443 HTTP/1.1": http.StatusMethodNotAllowed,
		"TRACE / HTTP/1.1":                     http.StatusMethodNotAllowed,
		"OPTIONS * HTTP/1.1":                   http.StatusBadRequest,
		"OPTIONS / HTTP/1.1":                   http.StatusOK,
		"PURGE / HTTP/1.1":                     http.StatusOK,
	} {
		connection, err := net.Dial("tcp", i.Address())
		must(t, err)
		_, err = fmt.Fprintf(connection, "%s\r\nHost: app.example.com\r\nConnection: close\r\n\r\n", line)
		must(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		must(t, err)
		if answer.StatusCode != want {
			t.Errorf("%s: got %d, want %d", line, answer.StatusCode, want)
		}
		must(t, connection.Close())
	}
}
