package http1

import "bytes"

// Request is the head of a request. Its slices lie in the buffer it was parsed from.
type Request struct {
	Method []byte
	Target []byte   // begins with /
	Host   []byte   // as it was sent
	Accept []byte   // the value of the header; empty when there is none, or more than one
	Length int64    // of the body, bytes
	Lines  [][]byte // the headers that go on, each with its CRLF; Host is not among them
	Size   int      // of the head, bytes
}

// MaxFields is how many lines a usual head has at the most.
const MaxFields = 64

// Parse reads the head at the beginning of buffer.
func (r *Request) Parse(buffer []byte) Verdict {
	*r = Request{Lines: r.Lines[:0]}
	rest, verdict := r.parseLine(buffer)
	if verdict != Whole {
		return verdict
	}
	lengths := 0
	for {
		f, verdict := nextField(rest)
		if verdict != Whole {
			return verdict
		}
		rest = rest[len(f.line):]
		if f.name == nil {
			break
		}
		if is(f.name, "content-length") {
			lengths++
		}
		if !r.add(f) || len(r.Lines) > MaxFields || lengths > 1 {
			return Unusual
		}
	}
	r.Size = len(buffer) - len(rest)
	if r.Host == nil || !bodyFits(r.Method, lengths == 1, r.Length) {
		return Unusual
	}
	return Whole
}

// parseLine reads the request line and returns what comes after it.
func (r *Request) parseLine(buffer []byte) (rest []byte, verdict Verdict) {
	end := bytes.IndexByte(buffer, '\n')
	line := buffer
	if end >= 0 {
		line = buffer[:end]
	}
	blank := bytes.IndexByte(line, ' ')
	if blank < 0 && end < 0 && len(line) <= len("OPTIONS") {
		return nil, Partial
	}
	if blank < 0 || !isMethod(line[:blank]) {
		return nil, Unusual
	}
	if end < 0 {
		return nil, Partial
	}
	r.Method = line[:blank]
	target, whole := bytes.CutSuffix(line[blank+1:], []byte(" HTTP/1.1\r"))
	if !whole || !isTarget(target) {
		return nil, Unusual
	}
	r.Target = target
	return buffer[end+1:], Whole
}

func isMethod(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return true
	}
	return false
}

// isTarget tells whether net/url would send a target on as it is.
func isTarget(target []byte) bool {
	if len(target) == 0 || target[0] != '/' || len(target) > 1 && target[1] == '/' {
		return false
	}
	path, query, _ := bytes.Cut(target, []byte("?"))
	return all(path, &isPath) && all(query, &isQuery) && escapesAreWhole(path)
}

// escapesAreWhole tells whether two hexadecimal digits follow each %.
func escapesAreWhole(path []byte) bool {
	for {
		percent := bytes.IndexByte(path, '%')
		if percent < 0 {
			return true
		}
		if path = path[percent+1:]; len(path) < 2 || !isHex(path[0]) || !isHex(path[1]) {
			return false
		}
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// add takes a header over; false when it makes the request unusual.
func (r *Request) add(f field) bool {
	switch f.name[0] | 0x20 {
	case 'h':
		if is(f.name, "host") {
			first := r.Host == nil
			r.Host = f.value
			return first && len(f.value) > 0 && all(f.value, &isHost)
		}
		if is(f.name, "http2-settings") {
			return false
		}
	case 'c':
		if is(f.name, "connection") {
			return is(f.value, "keep-alive")
		}
		if is(f.name, "content-length") {
			r.Length = number(f.value)
		}
	case 'a':
		if is(f.name, "accept") {
			if r.Accept != nil {
				return false
			}
			r.Accept = f.value
		}
	case 't', 'u', 'e', 'k', 'p':
		if concernsTheConnection(f.name) {
			return false
		}
	case 'x', 'f':
		if saysWhereFrom(f.name) {
			return true // and is dropped: that is ours to say
		}
	}
	r.Lines = append(r.Lines, f.line)
	return true
}

// concernsTheConnection tells whether a header is between a client and us alone, or asks for more than
// a request and its answer.
func concernsTheConnection(name []byte) bool {
	for _, one := range [...]string{"transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"} {
		if is(name, one) {
			return true
		}
	}
	return false
}

// saysWhereFrom tells whether an application could take a header for a proxy's word.
func saysWhereFrom(name []byte) bool {
	return startsWith(name, "x-forwarded-") || len(name) == len("x-real-ip") && startsWith(name, "x-real-ip") || is(name, "forwarded")
}

// bodyFits tells whether a request has a body where one belongs, and says how long it is.
func bodyFits(method []byte, said bool, length int64) bool {
	switch string(method) {
	case "POST", "PUT", "PATCH":
		return said && length >= 0
	}
	return length == 0
}
