package ingress

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// hopByHop are the headers between two neighbours (RFC 9110, 7.6.1), with those that net/http writes itself.
var hopByHop = map[string]bool{
	"Connection": true, "Proxy-Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Content-Length": true,
}

// writeHead writes an answer's head but for its last lines.
func writeHead(to *bytes.Buffer, response *http.Response, method string, chunked bool) {
	fmt.Fprintf(to, "HTTP/1.1 %03d %s\r\n", response.StatusCode, http.StatusText(response.StatusCode))
	dropped := hopByHop
	for _, line := range response.Header["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); !dropped[name] {
				response.Header.Del(name)
			}
		}
	}
	_ = response.Header.WriteSubset(to, dropped) // to memory
	for name := range response.Trailer {
		fmt.Fprintf(to, "Trailer: %s\r\n", name)
	}
	switch {
	case !hasBody(method, response.StatusCode):
		if length := response.Header.Get("Content-Length"); length != "" && response.StatusCode != http.StatusNoContent && response.StatusCode >= http.StatusOK {
			fmt.Fprintf(to, "Content-Length: %s\r\n", length)
		}
	case chunked:
		to.WriteString("Transfer-Encoding: chunked\r\n")
	default:
		fmt.Fprintf(to, "Content-Length: %d\r\n", response.ContentLength)
	}
}

func hasBody(method string, status int) bool {
	return method != http.MethodHead && status >= http.StatusOK && status != http.StatusNoContent && status != http.StatusNotModified
}

// passBody copies the body of an answer that net/http reads.
func (r *relay) passBody(response *http.Response, chunked bool) error {
	if !hasBody(string(r.visitor.request.Method), response.StatusCode) {
		return nil
	}
	buffer := r.ingress.buffers.Get()
	defer r.ingress.buffers.Put(buffer)
	for {
		n, err := response.Body.Read(buffer)
		r.count(int64(n))
		if n > 0 {
			out := append(r.visitor.out[:0], buffer[:n]...)
			if chunked {
				out = appendChunk(r.visitor.out[:0], buffer[:n])
			}
			if err := r.write(out); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return r.endBody(response, chunked)
		}
		if err != nil {
			return r.because(err)
		}
	}
}

func (r *relay) endBody(response *http.Response, chunked bool) error {
	if !chunked {
		return nil
	}
	var end bytes.Buffer
	end.WriteString("0\r\n")
	_ = response.Trailer.WriteSubset(&end, hopByHop) // to memory
	end.WriteString("\r\n")
	return r.write(append(r.visitor.out[:0], end.Bytes()...))
}

// apologise answers a request that no target answered.
func (v *visitor) apologise(cause error) fate {
	buffer, _ := v.in.Peek(v.request.Size)
	page := &recorded{header: http.Header{}}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(buffer)))
	if err != nil { // cannot be: it was parsed
		return ends
	}
	v.relay.explain(page, request, cause)
	if string(v.request.Method) == http.MethodHead {
		page.body.Reset()
	}
	v.relay.status, v.relay.sent, v.relay.whole = page.status, int64(page.body.Len()), true
	if _, err := v.conn.Write(page.bytes(v)); err != nil || v.ingress.closing.Load() {
		return ends
	}
	return stays
}

// recorded is an answer that is made in memory.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header are the answer's.
func (p *recorded) Header() http.Header { return p.header }

// WriteHeader sets the status.
func (p *recorded) WriteHeader(status int) { p.status = status }

// Write adds to the body.
func (p *recorded) Write(text []byte) (int, error) { return p.body.Write(text) }

// bytes are the whole answer, as v gets it.
func (p *recorded) bytes(v *visitor) []byte {
	var all bytes.Buffer
	fmt.Fprintf(&all, "HTTP/1.1 %03d %s\r\n", p.status, http.StatusText(p.status))
	_ = p.header.Write(&all) // to memory
	out := v.endHead(all.Bytes(), false, false, true)
	return append(out, p.body.Bytes()...)
}
