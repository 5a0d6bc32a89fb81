package ingress

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Trial T44: bytes that two servers in a row could read differently. A request is either refused, or
// reaches the application as one request whose end nobody can doubt.
func TestSmuggling(t *testing.T) {
	const refused = 0
	host := "Host: " + string(app) + "\r\n"
	for name, c := range map[string]struct {
		bytes string
		want  int // requests that reach the application
	}{
		"plain":                     {"GET /1 HTTP/1.1\r\n" + host + "\r\n", 1},
		"two in a pipeline":         {"GET /1 HTTP/1.1\r\n" + host + "\r\nGET /2 HTTP/1.1\r\n" + host + "\r\n", 2},
		"length and chunked":        {"POST /1 HTTP/1.1\r\n" + host + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 1},
		"chunked and length":        {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 1},
		"two lengths":               {"POST /1 HTTP/1.1\r\n" + host + "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello", refused},
		"a list of lengths":         {"POST /1 HTTP/1.1\r\n" + host + "Content-Length: 5, 6\r\n\r\nhello", refused},
		"a signed length":           {"POST /1 HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\nhello", refused},
		"a negative length":         {"POST /1 HTTP/1.1\r\n" + host + "Content-Length: -5\r\n\r\nhello", refused},
		"a hexadecimal length":      {"POST /1 HTTP/1.1\r\n" + host + "Content-Length: 0x5\r\n\r\nhello", refused},
		"a huge length":             {"POST /1 HTTP/1.1\r\n" + host + "Content-Length: 18446744073709551617\r\n\r\nh", refused},
		"an unknown coding":         {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", refused},
		"two codings":               {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", refused},
		"chunked twice":             {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refused},
		"chunked after a tab":       {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", refused},
		"a blank before the colon":  {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", refused},
		"a blank before the name":   {"GET /1 HTTP/1.1\r\n " + host + "\r\n", refused},
		"chunked in HTTP/1.0":       {"POST /1 HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 1},
		"a folded header":           {"GET /1 HTTP/1.1\r\n" + host + "X-Long: a\r\n b: c\r\n\r\n", 1},
		"a folded coding":           {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 1},
		"bare line feeds":           {"GET /1 HTTP/1.1\nHost: " + string(app) + "\n\n", 1},
		"a bare carriage return":    {"GET /1 HTTP/1.1\r\n" + host + "X: a\rY: b\r\n\r\n", refused},
		"a NUL in a value":          {"GET /1 HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", refused},
		"a NUL in a name":           {"GET /1 HTTP/1.1\r\n" + host + "X\x00: a\r\n\r\n", refused},
		"an empty name":             {"GET /1 HTTP/1.1\r\n" + host + ": a\r\n\r\n", refused},
		"no host":                   {"GET /1 HTTP/1.1\r\n\r\n", refused},
		"two hosts":                 {"GET /1 HTTP/1.1\r\n" + host + "Host: other.example.com\r\n\r\n", refused},
		"the same host twice":       {"GET /1 HTTP/1.1\r\n" + host + host + "\r\n", refused},
		"two hosts in one":          {"GET /1 HTTP/1.1\r\nHost: " + string(app) + ", other\r\n\r\n", refused},
		"a host with a path":        {"GET /1 HTTP/1.1\r\nHost: " + string(app) + "/x\r\n\r\n", refused},
		"absolute form":             {"GET http://" + string(app) + "/1 HTTP/1.1\r\nHost: other.example.com\r\n\r\n", 1},
		"absolute form of another":  {"GET http://other.example.com/1 HTTP/1.1\r\n" + host + "\r\n", refused},
		"a blank in the target":     {"GET /1 /2 HTTP/1.1\r\n" + host + "\r\n", refused},
		"no slash":                  {"GET 1 HTTP/1.1\r\n" + host + "\r\n", refused},
		"a strange version":         {"GET /1 HTTP/1.1x\r\n" + host + "\r\n", refused},
		"a version to come":         {"GET /1 HTTP/3.0\r\n" + host + "\r\n", refused},
		"a method with a blank":     {"GE T /1 HTTP/1.1\r\n" + host + "\r\n", refused},
		"a huge header":             {"GET /1 HTTP/1.1\r\n" + host + "X: " + strings.Repeat("x", 80<<10) + "\r\n\r\n", refused},
		"many headers":              {"GET /1 HTTP/1.1\r\n" + host + strings.Repeat("X: xxxxxxxxxx\r\n", 8000) + "\r\n", refused},
		"a huge target":             {"GET /" + strings.Repeat("x", 80<<10) + " HTTP/1.1\r\n" + host + "\r\n", refused},
		"a chunk of strange size":   {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", refused},
		"a chunk of a huge size":    {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n", refused},
		"a chunk that goes on":      {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n", refused},
		"a chunk with an extension": {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n", 1},
		"a chunk's bare line feed":  {"POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;a\nGET /2\r\nx\r\n0\r\n\r\n", refused},
		"a request in a body":       {"POST /1 HTTP/1.1\r\n" + host + "Content-Length: 32\r\n\r\nGET /2 HTTP/1.1\r\nHost: x.y.z\r\n\r\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			i := running(t, Options{ReadHeaderTimeout: 5 * time.Second})
			application := recording(t)
			i.Replace(live(netip.MustParseAddrPort(application.server.Listener.Addr().String())))
			answers := converse(t, i, c.bytes)
			seen, headers := application.requests()
			var want []string
			for n := range c.want {
				want = append(want, fmt.Sprintf("/%d", n+1))
			}
			if !slices.Equal(seen, want) {
				t.Errorf("%v reached the application, want %v; answers %v", seen, want, answers)
			}
			if len(want) == 0 && (len(answers) == 0 || answers[0] < 400) {
				t.Errorf("got answers %v, want a refusal", answers)
			}
			for _, header := range headers {
				checkHeader(t, header)
			}
		})
	}
}

// ending is no request in any reading: whatever a test left in the connection is refused with it.
const ending = "!\r\n\r\n"

// converse sends bytes and returns the status of each answer but the ending's.
func converse(t *testing.T, i *Ingress, request string) []int {
	t.Helper()
	connection, err := net.Dial("tcp", i.Address())
	must(t, err)
	defer connection.Close()
	_, _ = io.WriteString(connection, request+ending) // may be refused before its end
	must(t, connection.SetReadDeadline(time.Now().Add(20*time.Second)))
	var answers []int
	reader := bufio.NewReader(connection)
	for {
		answer, err := http.ReadResponse(reader, nil)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the connection is still open after %v", answers)
		}
		if err != nil {
			return answers
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answers = append(answers, answer.StatusCode)
	}
}

// recorder is an application that notes what reaches it, one request a connection.
type recorder struct {
	server *httptest.Server
	mu     sync.Mutex
	seen   []string // paths of whole requests; guarded by mu
	raw    []*tap   // the bytes of each connection; guarded by mu
}

func recording(t *testing.T) *recorder {
	r := &recorder{}
	r.server = httptest.NewUnstartedServer(r)
	r.server.Listener = &tapListener{Listener: r.server.Listener, recorder: r}
	r.server.Config.SetKeepAlivesEnabled(false)
	r.server.Start()
	t.Cleanup(r.server.Close)
	return r
}

func (r *recorder) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	if _, err := io.Copy(io.Discard, request.Body); err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, request.URL.Path)
}

// requests ends the application and returns what it saw: whole requests, and the header of each connection.
func (r *recorder) requests() (seen []string, headers []string) {
	r.server.Close() // waits for its handlers
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, tap := range r.raw {
		header, _, _ := strings.Cut(tap.bytes.String(), "\r\n\r\n")
		headers = append(headers, header)
	}
	return r.seen, headers
}

type tapListener struct {
	net.Listener
	recorder *recorder
}

func (l *tapListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tapped := &tap{Conn: connection}
	l.recorder.mu.Lock()
	defer l.recorder.mu.Unlock()
	l.recorder.raw = append(l.recorder.raw, tapped)
	return tapped, nil
}

type tap struct {
	net.Conn
	bytes bytes.Buffer
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.bytes.Write(p[:n])
	return n, err
}

// checkHeader says what two readers could take differently in a request's header.
func checkHeader(t *testing.T, header string) {
	t.Helper()
	lengths := 0
	for n, line := range strings.Split(header, "\r\n") {
		name, _, found := strings.Cut(line, ":")
		if n > 0 && (!found || strings.ContainsAny(name, " \t")) || strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("a line of the header is %q", line)
		}
		if name = strings.ToLower(name); name == "content-length" || name == "transfer-encoding" {
			lengths++
		}
	}
	if lengths > 1 {
		t.Errorf("the header tells the body's length %d times: %q", lengths, header)
	}
}
