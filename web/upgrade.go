package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	// maxMessage bounds one message of a caller, in bytes.
	maxMessage = 64 << 10

	// lastWords is how long a caller may take to hear how it ended.
	lastWords = 5 * time.Second
)

// Socket is a WebSocket (RFC 6455) to a caller. Any of its methods may be called beside any other, but
// for Read beside itself.
type Socket struct {
	call       *Call
	connection *websocket.Conn
}

// Upgrade turns the call into a WebSocket. What goes wrong from then on is the Socket's to tell.
func (c *Call) Upgrade() (*Socket, error) {
	if !isUpgrade(c.Request()) {
		return nil, paas.Errorf(paas.Invalid, paas.EInvalid, "This is asked over a WebSocket (RFC 6455, version 13); the request has not the headers that open one.")
	}
	connection, err := websocket.Accept(c.Response(), c.Request(), &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the origin has been checked, as that of every change
	})
	if err != nil {
		return nil, fmt.Errorf("open a WebSocket: %w", err)
	}
	connection.SetReadLimit(maxMessage)
	return &Socket{call: c, connection: connection}, nil
}

// isUpgrade tells whether a request has all that opens a WebSocket (RFC 6455, section 4.2.1).
func isUpgrade(r *http.Request) bool {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	return err == nil && len(key) == 16 && r.ProtoAtLeast(1, 1) && r.ProtoMajor == 1 &&
		hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket") &&
		len(r.Header.Values("Sec-WebSocket-Key")) == 1 && r.Header.Get("Sec-WebSocket-Version") == "13"
}

// hasToken tells whether a header that is a list has a word.
func hasToken(header http.Header, name, word string) bool {
	for _, value := range header.Values(name) {
		for token := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(token), word) {
				return true
			}
		}
	}
	return false
}

// Read returns the next message, and whether it is text. When ctx ends first, the connection does too.
func (s *Socket) Read(ctx context.Context) (message []byte, isText bool, err error) {
	kind, message, err := s.connection.Read(ctx)
	return message, kind == websocket.MessageText, err
}

// Write sends bytes. When ctx ends first, the connection does too.
func (s *Socket) Write(ctx context.Context, message []byte) error {
	return s.connection.Write(ctx, websocket.MessageBinary, message)
}

// Tell sends content as JSON text, however the call ends.
func (s *Socket) Tell(content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.call.Request().Context()), lastWords)
	defer cancel()
	return s.connection.Write(ctx, websocket.MessageText, text)
}

// Fail tells the caller what a person may know of a failure, which is the call's result in the audit.
func (s *Socket) Fail(err error) error {
	s.call.refusal = err
	return s.Tell(s.call.server.document(err, s.call))
}

// Beat sends what nobody sees, so that no proxy on the way takes the connection for idle. Whether the
// caller hears it is not its business: one who has stopped reading may go on later.
func (s *Socket) Beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	_ = s.connection.Ping(ctx)
}

// Close ends the conversation.
func (s *Socket) Close() {
	_ = s.connection.Close(websocket.StatusNormalClosure, "") // the caller may have gone
}
