package http1

import "bytes"

// Chunks reads a chunked body (RFC 9112, 7.1) out of a buffer, without waiting for more than is there.
// The zero value is at the beginning of one.
type Chunks struct {
	Left     int64    // bytes of the chunk that is being read
	Trailers [][]byte // the lines after the last chunk, each with its CRLF; they do not lie in the buffer

	at chunkPart
}

type chunkPart int

const (
	atSize chunkPart = iota
	atData
	atDataEnd
	atTrailer
	atEnd
)

// maxSizeLine is how long the line before a chunk can be; maxTrailers how many lines come after the last.
const (
	maxSizeLine = 256
	maxTrailers = 32
)

// Next takes one step: it tells how many bytes of buffer it has read, and which of them are the body's.
// Partial wants more bytes, Whole was a step, Unusual is not a chunked body.
func (c *Chunks) Next(buffer []byte) (data []byte, size int, verdict Verdict) {
	switch c.at {
	case atData:
		if len(buffer) == 0 {
			return nil, 0, Partial
		}
		data = buffer[:min(int64(len(buffer)), c.Left)]
		c.Took(int64(len(data)))
		return data, len(data), Whole
	case atDataEnd:
		if len(buffer) < 2 {
			return nil, 0, Partial
		}
		if buffer[0] != '\r' || buffer[1] != '\n' {
			return nil, 0, Unusual
		}
		c.at = atSize
		return nil, 2, Whole
	case atTrailer:
		size, verdict = c.trailer(buffer)
	default:
		size, verdict = c.size(buffer)
	}
	return nil, size, verdict
}

// Took notes that n bytes of the current chunk were read by somebody else.
func (c *Chunks) Took(n int64) {
	if c.Left -= n; c.Left == 0 {
		c.at = atDataEnd
	}
}

// Ended tells whether the body has been read, with what comes after its last chunk.
func (c *Chunks) Ended() bool { return c.at == atEnd }

// size reads the line before a chunk. What extensions say is dropped: nobody uses them.
func (c *Chunks) size(buffer []byte) (size int, verdict Verdict) {
	end := bytes.IndexByte(buffer, '\n')
	if end < 0 && len(buffer) <= maxSizeLine {
		return 0, Partial
	}
	if end < 1 || end > maxSizeLine || buffer[end-1] != '\r' {
		return 0, Unusual
	}
	line, _, _ := bytes.Cut(buffer[:end-1], []byte(";"))
	n := int64(0)
	line = trim(line)
	if len(line) == 0 || len(line) > 15 || !all(buffer[:end-1], &isText) {
		return 0, Unusual
	}
	for _, digit := range line {
		if !isHex(digit) {
			return 0, Unusual
		}
		n = n<<4 | int64(hexValue(digit))
	}
	c.Left, c.at = n, atData
	if n == 0 {
		c.at = atTrailer
	}
	return end + 1, Whole
}

func hexValue(digit byte) byte {
	switch {
	case digit <= '9':
		return digit - '0'
	case digit <= 'F':
		return digit - 'A' + 10
	}
	return digit - 'a' + 10
}

func (c *Chunks) trailer(buffer []byte) (size int, verdict Verdict) {
	f, verdict := nextField(buffer)
	if verdict != Whole {
		return 0, verdict
	}
	if f.name == nil {
		c.at = atEnd
		return len(f.line), Whole
	}
	if len(c.Trailers) == maxTrailers {
		return 0, Unusual
	}
	if mayTrail(f.name) {
		c.Trailers = append(c.Trailers, bytes.Clone(f.line))
	}
	return len(f.line), Whole
}

// mayTrail tells whether a header may come after a body (RFC 9110, 6.5.1): not what a body's length or
// a request's way hangs on.
func mayTrail(name []byte) bool {
	return !is(name, "content-length") && !is(name, "host") && !is(name, "connection") && !concernsTheConnection(name)
}
