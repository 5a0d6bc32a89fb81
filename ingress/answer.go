package ingress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/paastech-cloud/paastech/ingress/http1"
)

// spliceFrom is from how many bytes on the kernel copies a body without showing it to us.
const spliceFrom = 16 << 10

// passEarly passes on an answer that only announces one (RFC 9110, 15.2), and reads past it.
func (r *relay) passEarly(conn *http1.Conn) error {
	answer := &r.visitor.answer
	if answer.Status != http.StatusContinue { // nobody asked for that
		out := append(r.visitor.out[:0], answer.Line...)
		out = appendLines(out, answer.Lines)
		if err := r.write(append(out, "\r\n"...)); err != nil {
			return err
		}
	}
	_, err := conn.Reader.Discard(answer.Size)
	return err
}

// write sends bytes to the client.
func (r *relay) write(out []byte) error {
	r.begun = true
	r.visitor.out = out[:0]
	if _, err := r.visitor.conn.Write(out); err != nil {
		return fmt.Errorf("%w: %w", errWriting, err)
	}
	return nil
}

func appendLines(out []byte, lines [][]byte) []byte {
	for _, line := range lines {
		out = append(out, line...)
	}
	return out
}

// pass passes an answer on; it tells whether the target's connection and the client's can be used again.
func (r *relay) pass(conn *http1.Conn) (again, keep bool, err error) {
	v := r.visitor
	if v.answer.Status == 0 {
		return r.passUnusual(conn)
	}
	answer := &v.answer
	r.status = answer.Status
	keep = !v.ingress.closing.Load()
	out := append(v.out[:0], answer.Line...)
	out = appendLines(out, answer.Lines)
	body := answer.HasBody(v.request.Method)
	switch {
	case body && answer.Length < 0:
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	case answer.Status != http.StatusNoContent:
		out = append(out, answer.Said...)
	}
	out = v.endHead(out, answer.Dated, answer.Strict, keep)
	length := answer.Length
	again = !answer.Closing
	conn.Limit(-1)
	if _, err := conn.Reader.Discard(answer.Size); err != nil {
		return false, false, err
	}
	switch {
	case !body:
		err = r.write(out)
	case length == http1.Chunked:
		err = r.passChunks(conn, out)
	case length == http1.UntilEnd:
		again = false
		err = r.passRest(conn, out)
	default:
		err = r.passLength(conn, out, length)
	}
	r.whole = err == nil
	return again, keep, err
}

// endHead completes the head of an answer that is dated and strict already, or not.
func (v *visitor) endHead(out []byte, dated, strict, keep bool) []byte {
	if !strict && v.strict != "" {
		out = append(out, "Strict-Transport-Security: "...)
		out = append(out, v.strict...)
		out = append(out, "\r\n"...)
	}
	if v.offer != "" {
		out = append(out, "Alt-Svc: "...)
		out = append(out, v.offer...)
		out = append(out, "\r\n"...)
	}
	if !dated {
		out = append(out, "Date: "...)
		out = time.Now().UTC().AppendFormat(out, http.TimeFormat)
		out = append(out, "\r\n"...)
	}
	if !keep {
		out = append(out, "Connection: close\r\n"...)
	}
	return append(out, "\r\n"...)
}

// passLength sends out, and length bytes from the target after it.
func (r *relay) passLength(conn *http1.Conn, out []byte, length int64) error {
	here, err := conn.Reader.Peek(int(min(length, int64(conn.Reader.Buffered()))))
	if err != nil {
		return err
	}
	if err := r.write(append(out, here...)); err != nil {
		return err
	}
	r.count(int64(len(here)))
	left := length - int64(len(here))
	if _, err := conn.Reader.Discard(len(here)); err != nil || left == 0 {
		return err
	}
	if err := r.settle(conn); err != nil {
		return err
	}
	if from, ok := conn.Conn.(*net.TCPConn); ok && r.visitor.tcp != nil && left >= spliceFrom {
		n, err := r.visitor.tcp.ReadFrom(&io.LimitedReader{R: from, N: left})
		r.count(int64(n))
		if err == nil && n < left {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return r.passRaw(conn, left)
}

// settle prepares for a body that has not come whole: from here on the client is watched.
func (r *relay) settle(conn *http1.Conn) error {
	r.watch()
	return conn.SetReadDeadline(time.Time{})
}

// passRaw copies left bytes.
func (r *relay) passRaw(conn *http1.Conn, left int64) error {
	buffer := r.ingress.buffers.Get()
	defer r.ingress.buffers.Put(buffer)
	for left > 0 {
		n, err := conn.Read(buffer[:min(left, int64(len(buffer)))])
		if n > 0 {
			if _, err := r.visitor.conn.Write(buffer[:n]); err != nil {
				return fmt.Errorf("%w: %w", errWriting, err)
			}
			r.count(int64(n))
			left -= int64(n)
		}
		if err != nil && left > 0 {
			return r.because(err)
		}
	}
	return nil
}

// passChunks sends out, and a chunked body after it, as chunks of our own.
func (r *relay) passChunks(conn *http1.Conn, out []byte) error {
	var chunks http1.Chunks
	for !chunks.Ended() {
		buffer, _ := conn.Reader.Peek(conn.Reader.Buffered()) // what is there
		data, size, verdict := chunks.Next(buffer)
		out = appendChunk(out, data)
		r.count(int64(len(data)))
		if _, err := conn.Reader.Discard(size); err != nil {
			return err
		}
		switch {
		case verdict == http1.Unusual:
			return fmt.Errorf("%w: a chunk without its length", errNoHTTP)
		case verdict == http1.Whole && len(out) < bufferSize:
			continue
		}
		if err := r.flush(out); err != nil {
			return err
		}
		out = r.visitor.out[:0]
		if verdict == http1.Partial {
			if err := r.more(conn, len(buffer)); err != nil {
				return err
			}
		}
	}
	out = append(out, "0\r\n"...)
	out = appendLines(out, chunks.Trailers)
	return r.write(append(out, "\r\n"...))
}

// flush sends what there is.
func (r *relay) flush(out []byte) error {
	if len(out) == 0 {
		return nil
	}
	return r.write(out)
}

// more waits until more bytes are there than had.
func (r *relay) more(conn *http1.Conn, had int) error {
	if err := r.settle(conn); err != nil {
		return err
	}
	if _, err := conn.Reader.Peek(had + 1); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return r.because(err)
	}
	return nil
}

// passRest sends out, and all that comes until the target closes, as chunks.
func (r *relay) passRest(conn *http1.Conn, out []byte) error {
	if err := r.settle(conn); err != nil {
		return err
	}
	for {
		here, err := conn.Reader.Peek(max(1, conn.Reader.Buffered()))
		if len(here) == 0 {
			if !errors.Is(err, io.EOF) || r.gone.Load() {
				return r.because(err)
			}
			return r.write(append(out, "0\r\n\r\n"...))
		}
		r.count(int64(len(here)))
		if err := r.write(appendChunk(out, here)); err != nil {
			return err
		}
		out = r.visitor.out[:0]
		if _, err := conn.Reader.Discard(len(here)); err != nil {
			return err
		}
	}
}

func appendChunk(out, data []byte) []byte {
	if len(data) == 0 {
		return out // that would be the end
	}
	out = strconv.AppendInt(out, int64(len(data)), 16)
	out = append(out, "\r\n"...)
	out = append(out, data...)
	return append(out, "\r\n"...)
}

// passUnusual has net/http read an answer, and passes it on.
func (r *relay) passUnusual(conn *http1.Conn) (again, keep bool, err error) {
	v := r.visitor
	response, err := r.readUnusual(conn)
	if err != nil {
		return false, false, err
	}
	defer response.Body.Close()
	conn.Limit(-1)
	r.status = response.StatusCode
	keep = !v.ingress.closing.Load()
	var head bytes.Buffer
	chunked := response.ContentLength < 0
	writeHead(&head, response, string(v.request.Method), chunked)
	out := v.endHead(append(v.out[:0], head.Bytes()...), response.Header.Get("Date") != "", response.Header.Get(strictTransport) != "", keep)
	if err := r.write(out); err != nil {
		return false, false, err
	}
	if err := r.settle(conn); err != nil {
		return false, false, err
	}
	if err := r.passBody(response, chunked); err != nil {
		return false, false, err
	}
	r.whole = true
	return !response.Close, keep, nil
}

// readUnusual reads up to an answer that is not only an announcement.
func (r *relay) readUnusual(conn *http1.Conn) (*http.Response, error) {
	if err := r.settle(conn); err != nil { // net/http cannot go on where it stopped
		return nil, err
	}
	for {
		response, err := http.ReadResponse(conn.Reader, &http.Request{Method: string(r.visitor.request.Method)})
		if err != nil {
			return nil, r.because(err)
		}
		switch {
		case response.StatusCode == http.StatusSwitchingProtocols:
			return nil, fmt.Errorf("%w: it changes a protocol that was not to be changed", errNoHTTP)
		case response.StatusCode >= http.StatusOK:
			return response, nil
		case response.StatusCode != http.StatusContinue:
			var head bytes.Buffer
			writeHead(&head, response, http.MethodHead, false)
			if err := r.write(append(append(r.visitor.out[:0], head.Bytes()...), "\r\n"...)); err != nil {
				return nil, err
			}
		}
	}
}
