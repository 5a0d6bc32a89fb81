package ingress

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// roads are two ingresses in front of one application: one as it is, and one in which all requests go
// through net/http (those of a trusted proxy do).
type roads struct {
	own, standard *Ingress

	mu   sync.Mutex
	seen []string // what reached the application; guarded by mu
}

func newRoads(t testing.TB) *roads {
	r := &roads{
		own:      running(t, Options{ReadHeaderTimeout: time.Second}),
		standard: running(t, Options{ReadHeaderTimeout: time.Second, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		r.mu.Lock()
		r.seen = append(r.seen, fmt.Sprintf("%s %s %s %q %v %s", request.Method, request.RequestURI, request.Host, body, err, told(request.Header, true)))
		r.mu.Unlock()
		w.Header().Set("X-Answer", "yes")
		fmt.Fprintf(w, "%s %d", request.Method, len(body))
	}))
	t.Cleanup(server.Close)
	r.lead(addressOf(server))
	return r
}

func (r *roads) lead(to netip.AddrPort) {
	r.own.Replace(live(to))
	r.standard.Replace(live(to))
}

// told is a header as one line; without what says where a request came from, of which the roads differ on purpose.
func told(header http.Header, request bool) string {
	var lines []string
	for name, values := range header {
		dated := !request && name == "Date"
		if !dated && !(request && isForwarded(name)) && !(request && name == "Content-Length") {
			lines = append(lines, fmt.Sprint(name, values))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, ";")
}

// tell sends bytes over one of the roads; it returns what reached the application, and what the client got.
func (r *roads) tell(t testing.TB, by *Ingress, request []byte) (seen, got []string) {
	t.Helper()
	r.mu.Lock()
	r.seen = nil
	r.mu.Unlock()
	got = answersTo(t, by, request)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen, got
}

// answersTo sends bytes, and an ending that is no request (twice: the bytes may swallow one), and reads all answers.
func answersTo(t testing.TB, by *Ingress, request []byte) (got []string) {
	t.Helper()
	connection, err := net.Dial("tcp", by.Address())
	must(t, err)
	defer connection.Close()
	_, _ = connection.Write(append(slices.Clone(request), ending+ending...)) // may be refused before its end
	must(t, connection.SetReadDeadline(time.Now().Add(20*time.Second)))
	reader := bufio.NewReader(connection)
	for {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return got
		}
		body, err := io.ReadAll(answer.Body)
		ended := "whole"
		if err != nil {
			ended = "broken off"
		}
		if answer.StatusCode == http.StatusBadRequest && answer.Header.Get("X-Answer") == "" {
			return append(got, "400")
		}
		got = append(got, fmt.Sprintf("%d %d %s %q %s %s", answer.StatusCode, answer.ContentLength, told(answer.Header, false), body, ended, told(answer.Trailer, false)))
	}
}

// FuzzBothRoads sends the same bytes over both roads: the application sees the same requests, and the
// client gets the same answers.
func FuzzBothRoads(f *testing.F) {
	const host = "Host: app.example.com\r\n"
	for _, seed := range []string{
		"GET /1 HTTP/1.1\r\n" + host + "\r\n",
		"GET /1 HTTP/1.1\r\n" + host + "\r\nPOST /2 HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhelloHEAD /3 HTTP/1.1\r\n" + host + "\r\n",
		"POST /1 HTTP/1.1\r\n" + host + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
		"GET /1 HTTP/1.1\r\n" + host + "X: a\r\n b: c\r\n\r\nGET /2 HTTP/1.1\r\n" + host + "\r\n",
		"OPTIONS /a%2Fb?c=%zz HTTP/1.1\r\n" + host + "Cookie: a=b\r\nCookie: c=d\r\nconnection: keep-alive\r\n\r\n",
		"GET /1 HTTP/1.1\nHost: app.example.com\n\n",
		"POST /1 HTTP/1.1\r\n" + host + "Content-Length: 32\r\n\r\nGET /2 HTTP/1.1\r\nHost: x.y.z\r\n\r\n",
		"GET /1 HTTP/1.1\r\nHost: APP.example.com:80\r\nX-Forwarded-For: 1\r\nAccept-Encoding: gzip\r\n\r\n",
		"PUT /1 HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\nDELETE / HTTP/1.1\r\n" + host + "\r\n",
		"GET /1 HTTP/1.1\r\nHost: other.example.com\r\n\r\nGET /2 HTTP/1.1\r\n" + host + "\r\n",
	} {
		if !complete([]byte(seed)) {
			f.Fatalf("%q is not a whole request: nothing would be compared", seed)
		}
		f.Add([]byte(seed))
	}
	r := newRoads(f)
	f.Fuzz(func(t *testing.T, request []byte) {
		if !complete(request) { // both would wait for the rest, which no seed makes them do
			return
		}
		wantSeen, want := r.tell(t, r.standard, request)
		seen, got := r.tell(t, r.own, request)
		if !slices.Equal(seen, wantSeen) {
			t.Errorf("%q: the application sees\n%s\nand through net/http\n%s", request, strings.Join(seen, "\n"), strings.Join(wantSeen, "\n"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: the client gets\n%s\nand through net/http\n%s", request, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// complete tells whether net/http needs no more than these bytes to answer all requests that begin in them.
func complete(request []byte) bool {
	reader := bufio.NewReader(strings.NewReader(string(request) + ending + ending))
	for {
		one, err := http.ReadRequest(reader)
		if err != nil {
			return !errors.Is(err, io.ErrUnexpectedEOF)
		}
		if _, err := io.Copy(io.Discard, one.Body); errors.Is(err, io.ErrUnexpectedEOF) {
			return false
		}
	}
}

// FuzzBothRoadsBack has an application answer with the same bytes over both roads: the client gets the
// same, or less that is broken off.
func FuzzBothRoadsBack(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Thu, 26 Nov 2026 11:00:00 GMT\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nhello and more",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"HTTP/1.1 200 OK\r\n\r\nuntil the end",
		"HTTP/1.0 200 OK\r\nX: y\r\n\r\nuntil the end",
		"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nEtag: a\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
		"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
		"nothing of the kind",
		"",
	} {
		f.Add([]byte(seed))
	}
	r := newRoads(f)
	application := newScripted(f)
	r.lead(application.address)
	f.Fuzz(func(t *testing.T, answer []byte) {
		application.say(answer)
		for _, method := range []string{"GET", "HEAD", "POST"} {
			request := []byte(method + " / HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 0\r\n\r\n")
			want, got := oneAnswer(t, r.standard, method, request), oneAnswer(t, r.own, method, request)
			for n := 0; n < 5 && got != want; n++ { // a connection that is being closed may be met by either
				want, got = oneAnswer(t, r.standard, method, request), oneAnswer(t, r.own, method, request)
			}
			if got != want {
				t.Errorf("%s, %q: the client gets\n%s\nand through net/http\n%s", method, answer, got, want)
			}
		}
	})
}

// oneAnswer is what a client gets for one request.
func oneAnswer(t testing.TB, by *Ingress, method string, request []byte) string {
	t.Helper()
	connection, err := net.Dial("tcp", by.Address())
	must(t, err)
	defer connection.Close()
	_, err = connection.Write(request)
	must(t, err)
	must(t, connection.SetReadDeadline(time.Now().Add(20*time.Second)))
	reader := bufio.NewReader(connection)
	for {
		answer, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			return "none"
		}
		if answer.StatusCode < 200 {
			continue
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return fmt.Sprintf("%d broken off", answer.StatusCode)
		}
		answer.Header.Del("Content-Length") // net/http counts bodies that are short and has their length said
		return fmt.Sprintf("%d %s %q %s", answer.StatusCode, told(answer.Header, false), body, told(answer.Trailer, false))
	}
}

// scripted is an application that answers each request with given bytes, and closes.
type scripted struct {
	address netip.AddrPort

	mu     sync.Mutex
	answer []byte // guarded by mu
}

func newScripted(t testing.TB) *scripted {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s := &scripted{address: netip.MustParseAddrPort(listener.Addr().String())}
	go func() {
		for {
			connection, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go s.serve(connection)
			}
		}
	}()
	return s
}

func (s *scripted) say(answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *scripted) serve(connection net.Conn) {
	defer connection.Close()
	if _, err := http.ReadRequest(bufio.NewReader(connection)); err != nil {
		return
	}
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	_, _ = connection.Write(answer)
	_ = connection.(*net.TCPConn).CloseWrite()
	_ = connection.SetReadDeadline(time.Now().Add(100 * time.Millisecond)) // a reset could overtake the answer
	_, _ = io.Copy(io.Discard, connection)
}
