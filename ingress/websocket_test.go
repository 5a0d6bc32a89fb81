package ingress

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/paastech-cloud/paastech/ingress/certificate"
)

// Opcodes of RFC 6455, section 5.2, and the bit that says that a message ends.
const (
	opContinue = 0x0
	opText     = 0x1
	opBinary   = 0x2
	opClose    = 0x8
	opPing     = 0x9
	opPong     = 0xA
	final      = 0x80
)

// frame is one frame of a client (RFC 6455, section 5.2), masked as its have to be.
func frame(first byte, payload string) string {
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	out := []byte{first}
	switch size := len(payload); {
	case size < 126:
		out = append(out, 0x80|byte(size))
	case size < 1<<16:
		out = binary.BigEndian.AppendUint16(append(out, 0x80|126), uint16(size))
	default:
		out = binary.BigEndian.AppendUint64(append(out, 0x80|127), uint64(size))
	}
	out = append(out, mask[:]...)
	for n := range len(payload) {
		out = append(out, payload[n]^mask[n%4])
	}
	return string(out)
}

func closing(code uint16, reason string) string {
	return frame(final|opClose, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// socketCases are what a client says, by what is tried; the groups are those of the Autobahn test suite.
func socketCases() map[string]string {
	end := closing(1000, "bye")
	cases := map[string]string{
		"2 ping":                      frame(final|opPing, "") + frame(final|opPing, "hello") + frame(final|opPing, strings.Repeat("p", 125)) + end,
		"2 ping too long":             frame(final|opPing, strings.Repeat("p", 126)) + end,
		"2 pong nobody asked for":     frame(final|opPong, "here") + frame(final|opText, "after") + end,
		"3 reserved bit":              frame(final|0x40|opText, "x") + end,
		"3 reserved bits of a ping":   frame(final|0x70|opPing, "x") + end,
		"4 opcode 3":                  frame(final|0x3, "x") + end,
		"4 opcode 11":                 frame(final|0xB, "x") + end,
		"5 fragments":                 frame(opText, "one ") + frame(opContinue, "two ") + frame(final|opContinue, "three") + end,
		"5 ping among fragments":      frame(opText, "one ") + frame(final|opPing, "in between") + frame(final|opContinue, "two") + end,
		"5 continued from nothing":    frame(final|opContinue, "x") + end,
		"5 begun twice":               frame(opText, "one") + frame(final|opText, "two") + end,
		"5 ping in fragments":         frame(opPing, "x") + frame(final|opContinue, "y") + end,
		"6 UTF-8":                     frame(final|opText, "Κόσμε, 日本語, 🚀") + end,
		"6 UTF-8 cut in a character":  frame(opText, "\xf0\x9f") + frame(final|opContinue, "\x9a\x80") + end,
		"6 not UTF-8":                 frame(final|opText, "\xce\xba\xed\xa0\x80") + end,
		"7 close without a code":      frame(final|opClose, ""),
		"7 close with half a code":    frame(final|opClose, "\x03"),
		"7 close with a long reason":  closing(1000, strings.Repeat("r", 123)),
		"7 talk after a close":        end + frame(final|opText, "too late"),
		"7 gone without a close":      frame(final|opText, "last"),
		"10 no mask":                  string([]byte{final | opText, 1, 'x'}) + end,
		"1 a frame that never ends":   frame(final|opText, strings.Repeat("x", 1000))[:500],
		"9 many small messages":       strings.Repeat(frame(final|opText, "small"), 1000) + end,
		"9 one message, many pieces":  frame(opBinary, "") + strings.Repeat(frame(opContinue, strings.Repeat("b", 64)), 2000) + frame(final|opContinue, "") + end,
		"8 what only looks like HTTP": frame(final|opText, "GET / HTTP/1.1\r\nHost: b.example.com\r\n\r\n") + end,
	}
	for _, size := range []int{0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20} {
		cases[fmt.Sprint("1 text of ", size)] = frame(final|opText, strings.Repeat("*", size)) + end
		cases[fmt.Sprint("1 binary of ", size)] = frame(final|opBinary, strings.Repeat("\xfe", size)) + end
	}
	for _, code := range []uint16{0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1012, 1015, 1016, 2999, 3000, 3999, 4000, 4999, 5000, 65535} {
		cases[fmt.Sprint("7 close with ", code)] = closing(code, "why")
	}
	return cases
}

// TestWebSocketsAreAsWithoutUs says everything to an application once directly, and once through the
// ingress, in one piece and byte by byte: all that comes back is the same to the byte, and both ends learn
// of the end.
func TestWebSocketsAreAsWithoutUs(t *testing.T) {
	var open atomic.Int64
	application := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Add(-1)
		socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer socket.CloseNow()
		socket.SetReadLimit(2 << 20)
		for {
			kind, message, err := socket.Read(r.Context())
			if err != nil || socket.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	}))
	application.Listener = patient{application.Listener}
	application.Start()
	t.Cleanup(application.Close)
	target := addressOf(application)
	i := runningAt(t, Options{Listen: "127.0.0.1:0", TLS: &TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}}})
	i.Replace(live(target))
	plain := running(t, Options{})
	plain.Replace(live(target))
	dial := func(address string) (net.Conn, error) { return net.Dial("tcp", address) }
	secure := &tls.Config{InsecureSkipVerify: true, ServerName: string(app)} // the certificate is others' business
	roads := map[string]func() (net.Conn, error){
		"plain": func() (net.Conn, error) { return dial(plain.Address()) },
		"TLS":   func() (net.Conn, error) { return tls.Dial("tcp", i.AddressTLS(), secure) },
	}
	for name, said := range socketCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := chat(func() (net.Conn, error) { return dial(target.String()) }, said, len(said))
			must(t, err)
			if want == "" && name != "1 a frame that never ends" && name != "10 no mask" { // it ends the connection
				t.Error("the application says nothing")
			}
			pieces := []int{len(said)}
			if len(said) < 2000 {
				pieces = append(pieces, 1)
			}
			for road, dial := range roads {
				for _, piece := range pieces {
					if got, err := chat(dial, said, piece); err != nil || got != want {
						t.Errorf("%s, pieces of %d: got %d bytes %.80q, %v; want %d bytes %.80q", road, piece, len(got), got, err, len(want), want)
					}
				}
			}
		})
	}
	t.Cleanup(func() {
		for deadline := time.Now().Add(5 * time.Second); open.Load() > 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		}
		if open.Load() != 0 {
			t.Errorf("%d are open still at the application", open.Load())
		}
	})
}

// patient accepts connections whose last words arrive: a socket that is closed with something unread is
// reset, and takes back what its peer has not read.
type patient struct{ net.Listener }

type patientConn struct{ *net.TCPConn }

// Accept accepts.
func (p patient) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return patientConn{conn.(*net.TCPConn)}, nil
}

// Close closes when the peer has.
func (c patientConn) Close() error {
	_ = c.CloseWrite() // it may be closed
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.Copy(io.Discard, c.TCPConn)
	return c.TCPConn.Close()
}

// chat opens a WebSocket, says all, ends its own side and returns what it hears to the end.
func chat(dial func() (net.Conn, error), said string, piece int) (string, error) {
	connection, err := dial()
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(connection, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", app); err != nil {
		return "", err
	}
	reader := bufio.NewReader(connection)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		return "", err
	}
	if accept := answer.Header.Get("Sec-WebSocket-Accept"); answer.StatusCode != http.StatusSwitchingProtocols || accept != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		return "", fmt.Errorf("answered %s, accept %q", answer.Status, accept)
	}
	go func() { // what it hears may have to be read before all can be said
		for rest := said; rest != ""; {
			n := min(piece, len(rest))
			if _, err := io.WriteString(connection, rest[:n]); err != nil {
				return // the application ended it first, and has said so
			}
			rest = rest[n:]
		}
		if half, ok := connection.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite() // it may have ended already
		}
	}()
	var heard bytes.Buffer
	if _, err := heard.ReadFrom(reader); err != nil && !isReset(err) {
		return heard.String(), err
	}
	return heard.String(), nil
}

// isReset is how a connection ends whose last words were not read.
func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}
