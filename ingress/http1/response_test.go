package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"testing"
)

func answers() map[string]Verdict {
	return map[string]Verdict{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: now\r\n\r\nhello": Whole,
		"HTTP/1.1 200 \r\n\r\n": Whole,
		"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n": Whole,
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nKeep-Alive: timeout=5\r\n\r\n":   Whole,
		"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n":                                    Whole,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n":                                          Partial,
		"HTTP/1.1 2": Partial,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello":              Unusual,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": Unusual,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n":                         Unusual,
		"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n":                            Unusual,
		"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n":             Unusual,
		"HTTP/1.0 200 OK\r\n\r\n":                Unusual,
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n": Unusual,
		"HTTP/1.1 099 Low\r\n\r\n":               Unusual,
		"HTTP/1.1 200\r\n\r\n":                   Unusual,
		"HTTP/1.1 2000 OK\r\n\r\n":               Unusual,
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n":  Unusual,
		"\r\nHTTP/1.1 200 OK\r\n\r\n":            Unusual,
	}
}

func TestResponses(t *testing.T) {
	for head, want := range answers() {
		var r Response
		if got := r.Parse([]byte(head)); got != want {
			t.Errorf("%q: got %d, want %d", head, got, want)
		}
		checkResponse(t, []byte(head))
	}
}

// FuzzResponse holds what is taken against net/http.
func FuzzResponse(f *testing.F) {
	for head := range answers() {
		f.Add([]byte(head))
	}
	f.Fuzz(checkResponse)
}

func checkResponse(t *testing.T, head []byte) {
	var r Response
	if r.Parse(head) != Whole || r.Status < 200 {
		return
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		theirs, err := http.ReadResponse(bufio.NewReaderSize(bytes.NewReader(head), len(head)+16), &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%q is taken, and net/http says %v", head, err)
		}
		length := r.Length
		if r.HasBody([]byte(method)) != (theirs.Body != http.NoBody) && r.Length != UntilEnd {
			t.Fatalf("%q: a body for %s, or none, otherwise than to net/http", head, method)
		}
		if r.HasBody([]byte(method)) && (length >= 0) != (theirs.ContentLength >= 0) || length > 0 && theirs.ContentLength > 0 && length != theirs.ContentLength {
			t.Fatalf("%q: %d bytes, to net/http %d", head, length, theirs.ContentLength)
		}
		if theirs.StatusCode != r.Status || r.Closing && !theirs.Close {
			t.Fatalf("%q: %d closing %v, to net/http %d %v", head, r.Status, r.Closing, theirs.StatusCode, theirs.Close)
		}
		if method == http.MethodGet {
			checkLines(t, head, r.Lines, theirs.Header, func(name string) bool {
				return name == "Connection" || name == "Content-Length" || name == "Keep-Alive"
			})
		}
	}
}

func bodies() []string {
	return []string{
		"5\r\nhello\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n00\r\nX-Sum: 1\r\n\r\n", "0\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\nnext",
		"5\r\nhello0\r\n\r\n", "-1\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\n", "\r\n", "5\r\nhel", "5 \r\nhello\r\n0\r\n\r\n",
		"1;a\nGET /2\r\nx\r\n0\r\n\r\n", "5;\"\x01\"\r\nhello\r\n0\r\n\r\n",
	}
}

// FuzzChunks holds what is taken against net/http's reader, however the bytes come.
func FuzzChunks(f *testing.F) {
	for n, body := range bodies() {
		f.Add([]byte(body), n)
	}
	f.Fuzz(checkChunks)
}

func TestChunks(t *testing.T) {
	for _, body := range bodies() {
		for step := 1; step <= len(body); step++ {
			checkChunks(t, []byte(body), step)
		}
	}
}

func checkChunks(t *testing.T, body []byte, step int) {
	step = 1 + (step%64+64)%64
	var chunks Chunks
	var ours []byte
	at := 0
	for there := 0; !chunks.Ended(); {
		data, size, verdict := chunks.Next(body[at:there])
		ours, at = append(ours, data...), at+size
		if verdict == Unusual || verdict == Partial && there == len(body) {
			return
		}
		if verdict == Partial {
			there = min(len(body), there+step)
		}
	}
	theirs, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body)))
	if err != nil || !bytes.Equal(theirs, ours) {
		t.Fatalf("%q is read as %q, by net/http as %q, %v", body, ours, theirs, err)
	}
}
