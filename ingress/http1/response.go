package http1

import "bytes"

// Lengths of a body that are no number.
const (
	Chunked  int64 = -1 // RFC 9112, 7.1
	UntilEnd int64 = -2 // of the connection
)

// Response is the head of an answer. Its slices lie in the buffer it was parsed from.
type Response struct {
	Status  int
	Line    []byte   // the status line, with its CRLF
	Lines   [][]byte // the headers that go on, each with its CRLF; those about the body's framing are not among them
	Length  int64    // of the body as it is framed: bytes, Chunked or UntilEnd
	Said    []byte   // the Content-Length line; nil when there is none
	Dated   bool     // it says when it was made
	Strict  bool     // it says Strict-Transport-Security
	Closing bool     // the connection ends with it
	Size    int      // of the head, bytes
}

// Parse reads the head at the beginning of buffer.
func (r *Response) Parse(buffer []byte) Verdict {
	*r = Response{Lines: r.Lines[:0], Length: UntilEnd}
	rest, verdict := r.parseLine(buffer)
	if verdict != Whole {
		return verdict
	}
	for {
		f, verdict := nextField(rest)
		if verdict != Whole {
			return verdict
		}
		rest = rest[len(f.line):]
		if f.name == nil {
			break
		}
		if !r.add(f) || len(r.Lines) > MaxFields {
			return Unusual
		}
	}
	r.Size = len(buffer) - len(rest)
	return Whole
}

// statusLine is the beginning and the least length of one: HTTP/1.1 200 and CRLF.
const statusLine = "HTTP/1.1 "

func (r *Response) parseLine(buffer []byte) (rest []byte, verdict Verdict) {
	end := bytes.IndexByte(buffer, '\n')
	if end < 0 {
		return nil, Partial
	}
	line := buffer[:end+1]
	if !bytes.HasPrefix(line, []byte(statusLine)) || len(line) < len(statusLine)+len("200 \r\n") || line[end-1] != '\r' {
		return nil, Unusual
	}
	code, reason := line[len(statusLine):len(statusLine)+3], line[len(statusLine)+3:end-1]
	status := number(code)
	if status < 100 || reason[0] != ' ' || !all(reason, &isText) {
		return nil, Unusual
	}
	r.Status, r.Line = int(status), line
	return buffer[end+1:], Whole
}

// add takes a header over; false when it makes the answer unusual.
func (r *Response) add(f field) bool {
	switch f.name[0] | 0x20 {
	case 'c':
		if is(f.name, "content-length") {
			r.Said = f.line
			first := r.Length == UntilEnd
			r.Length = number(f.value)
			return first && r.Length >= 0
		}
		if is(f.name, "connection") {
			r.Closing = r.Closing || is(f.value, "close")
			return is(f.value, "close") || is(f.value, "keep-alive")
		}
	case 't':
		if is(f.name, "transfer-encoding") {
			first := r.Length == UntilEnd
			r.Length = Chunked
			return first && is(f.value, "chunked")
		}
		if is(f.name, "te") || is(f.name, "trailer") {
			return false
		}
	case 'k':
		if is(f.name, "keep-alive") {
			return true // between the application and us
		}
	case 'p', 'u':
		if concernsTheConnection(f.name) {
			return false
		}
	case 's':
		r.Strict = r.Strict || is(f.name, "strict-transport-security")
	case 'd':
		r.Dated = r.Dated || is(f.name, "date")
	}
	r.Lines = append(r.Lines, f.line)
	return true
}

// HasBody tells whether bytes of a body follow the head of an answer to a request of this method
// (RFC 9112, 6.3).
func (r *Response) HasBody(method []byte) bool {
	return string(method) != "HEAD" && r.Status >= 200 && r.Status != 204 && r.Status != 304 && r.Length != 0
}
