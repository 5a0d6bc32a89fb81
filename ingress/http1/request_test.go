package http1

import (
	"bufio"
	"bytes"
	"net/http"
	"net/textproto"
	"reflect"
	"strings"
	"testing"
)

// heads are requests that one could read in more ways than one, and plain ones.
func heads() map[string]Verdict {
	const host = "Host: a.example.com\r\n"
	return map[string]Verdict{
		"GET / HTTP/1.1\r\n" + host + "\r\n":                                                 Whole,
		"GET /a/../b%2Fc?x=1;y=2&z=%zz HTTP/1.1\r\n" + host + "Accept: */*\r\n\r\n":          Whole,
		"HEAD /? HTTP/1.1\r\nhost: A.example.com:8080\r\nConnection: Keep-Alive\r\n\r\n":     Whole,
		"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello":                      Whole,
		"POST / HTTP/1.1\r\n" + host + "content-length:\t0 \r\n\r\n":                         Whole,
		"DELETE /x HTTP/1.1\r\n" + host + "X-Empty:\r\nX-Empty: \r\nX-High: \xe9\r\n\r\n":    Whole,
		"GET / HTTP/1.1\r\n" + host + "X-Forwarded-For: 6.6.6.6\r\nX_Real_IP: 6\r\n\r\n":     Whole,
		"GET / HTTP/1.1\r\n" + host:                                                          Partial,
		"GET / HTTP/1.1\r\n" + host + "X":                                                    Partial,
		"GE":                                                                                 Partial,
		"":                                                                                   Partial,
		"POST / HTTP/1.1\r\n" + host + "\r\n":                                                Unusual,
		"GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello":                       Unusual,
		"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello": Unusual,
		"POST / HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\nhello":                     Unusual,
		"POST / HTTP/1.1\r\n" + host + "Content-Length: 05\r\n\r\nhello":                     Unusual,
		"POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n":        Unusual,
		"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n":         Unusual,
		"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: x\r\n\r\n":   Unusual,
		"GET / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n":                            Unusual,
		"GET / HTTP/1.1\r\n" + host + "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\n":    Unusual,
		"GET / HTTP/1.1\r\n" + host + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n":    Unusual,
		"POST / HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n":   Unusual,
		"GET / HTTP/1.1\r\n" + host + host + "\r\n":                                          Unusual,
		"GET / HTTP/1.1\r\n\r\n":                                                             Unusual,
		"GET / HTTP/1.1\r\nHost: a.example.com/x\r\n\r\n":                                    Unusual,
		"GET / HTTP/1.1\r\nHost: \r\n\r\n":                                                   Unusual,
		"GET / HTTP/1.1\n" + host + "\n":                                                     Unusual,
		"GET / HTTP/1.1\r\n" + host + "X: a\r\n folded\r\n\r\n":                              Unusual,
		"GET / HTTP/1.1\r\n" + host + "X : a\r\n\r\n":                                        Unusual,
		"GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n":                                      Unusual,
		"GET / HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n":                                    Unusual,
		"GET / HTTP/1.1\r\n" + host + ": a\r\n\r\n":                                          Unusual,
		"GET http://a.example.com/ HTTP/1.1\r\n" + host + "\r\n":                             Unusual,
		"GET //a HTTP/1.1\r\n" + host + "\r\n":                                               Unusual,
		"GET /%zz HTTP/1.1\r\n" + host + "\r\n":                                              Unusual,
		"GET /a b HTTP/1.1\r\n" + host + "\r\n":                                              Unusual,
		"GET /\"quoted\" HTTP/1.1\r\n" + host + "\r\n":                                       Unusual,
		"GET / HTTP/1.0\r\n" + host + "\r\n":                                                 Unusual,
		"get / HTTP/1.1\r\n" + host + "\r\n":                                                 Unusual,
		"OPTIONS * HTTP/1.1\r\n" + host + "\r\n":                                             Unusual,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                                   Unusual,
		"GET / HTTP/1.1\r\n" + host + strings.Repeat("X: y\r\n", MaxFields+1) + "\r\n":       Unusual,
	}
}

func TestRequests(t *testing.T) {
	for head, want := range heads() {
		var r Request
		if got := r.Parse([]byte(head)); got != want {
			t.Errorf("%q: got %d, want %d", head, got, want)
		}
		checkRequest(t, []byte(head))
	}
}

// FuzzRequest holds what is taken against net/http: the same bytes mean the same there.
func FuzzRequest(f *testing.F) {
	for head := range heads() {
		f.Add([]byte(head))
	}
	f.Fuzz(checkRequest)
}

func checkRequest(t *testing.T, head []byte) {
	var r Request
	if r.Parse(head) != Whole {
		return
	}
	theirs, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(head), len(head)+16))
	if err != nil {
		t.Fatalf("%q is taken, and net/http says %v", head, err)
	}
	if theirs.Method != string(r.Method) || theirs.RequestURI != string(r.Target) || theirs.Host != string(r.Host) || theirs.ContentLength != r.Length {
		t.Fatalf("%q means %s %s at %s with %d bytes, to net/http %s %s at %s with %d",
			head, r.Method, r.Target, r.Host, r.Length, theirs.Method, theirs.RequestURI, theirs.Host, theirs.ContentLength)
	}
	if theirs.URL.RequestURI() != string(r.Target) {
		t.Fatalf("%q: net/http would send %q on", head, theirs.URL.RequestURI())
	}
	if len(theirs.TransferEncoding) > 0 || theirs.Close || len(theirs.Trailer) > 0 {
		t.Fatalf("%q: net/http sees a coding, a trailer or an end", head)
	}
	checkLines(t, head, r.Lines, theirs.Header, func(name string) bool {
		return name == "Connection" || strings.HasPrefix(name, "X-Forwarded-") || saysWhereFrom([]byte(name))
	})
	if end := bytes.Index(head, []byte("\r\n\r\n")); r.Size != end+4 {
		t.Fatalf("%q: a head of %d bytes", head, r.Size)
	}
}

// checkLines compares lines that go on with net/http's headers but for those that are dropped.
func checkLines(t *testing.T, head []byte, lines [][]byte, theirs http.Header, dropped func(string) bool) {
	t.Helper()
	text := string(bytes.Join(lines, nil)) + "\r\n"
	ours, err := textproto.NewReader(bufio.NewReader(strings.NewReader(text))).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("%q: what goes on is no header: %v", head, err)
	}
	for name := range theirs {
		if dropped(name) {
			delete(theirs, name)
		}
	}
	if len(ours) != len(theirs) || len(ours) > 0 && !reflect.DeepEqual(http.Header(ours), theirs) {
		t.Fatalf("%q: %v goes on, net/http has %v", head, ours, theirs)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	head := []byte("GET /a?b HTTP/1.1\r\nHost: a.example.com\r\nUser-Agent: x\r\nAccept: */*\r\nCookie: a=b\r\n\r\n")
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 200\r\nDate: x\r\n\r\n")
	var r Request
	var a Response
	if n := testing.AllocsPerRun(100, func() {
		if r.Parse(head) != Whole || a.Parse(answer) != Whole {
			t.Fatal("not parsed")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
