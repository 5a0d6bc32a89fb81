package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/web/problem"
)

// WantsStream tells whether the caller asked for server-sent events.
func (c *Call) WantsStream() bool {
	for accepted := range strings.SplitSeq(c.Request().Header.Get("Accept"), ",") {
		if kind, _, err := mime.ParseMediaType(accepted); err == nil && kind == "text/event-stream" {
			return true
		}
	}
	return false
}

// Stream is an answer of server-sent events (HTML standard, section 9.2).
type Stream struct {
	// Patience is how long an event may take to be taken; 30 seconds unless changed.
	Patience time.Duration

	call    *Call
	control *http.ResponseController
}

// EventStream begins an answer of events.
func (c *Call) EventStream() (*Stream, error) {
	header := c.Response().Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // nginx in front would hold events back
	c.Response().WriteHeader(http.StatusOK)
	s := &Stream{Patience: writeTimeout, call: c, control: http.NewResponseController(c.Response())}
	return s, s.control.Flush()
}

// Line sends one line of text.
func (s *Stream) Line(line string) error {
	var event bytes.Buffer
	for part := range strings.SplitSeq(strings.TrimRight(line, "\r\n"), "\r") { // a carriage return would end the field
		fmt.Fprintf(&event, "data: %s\n", strings.ToValidUTF8(part, "\uFFFD"))
	}
	event.WriteByte('\n')
	return s.send(event.Bytes())
}

// Event sends a named event with data as JSON.
func (s *Stream) Event(name string, data any) error {
	var event bytes.Buffer
	fmt.Fprintf(&event, "event: %s\ndata: ", name)
	encoder := json.NewEncoder(&event) // it ends the line
	encoder.SetEscapeHTML(false)       // nothing reads this as HTML, and logs are full of it
	if err := encoder.Encode(data); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	event.WriteByte('\n')
	return s.send(event.Bytes())
}

// Fail ends a stream that broke with what a person may know of it.
func (s *Stream) Fail(err error) error {
	return s.Event(problem.Event, s.call.server.document(err, s.call))
}

// Beat sends nothing that anyone sees, so that a caller who has gone is noticed.
func (s *Stream) Beat() error { return s.send([]byte(":\n\n")) }

func (s *Stream) send(event []byte) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(s.Patience)); err != nil {
		return err
	}
	if _, err := s.call.Response().Write(event); err != nil {
		return err
	}
	return s.control.Flush()
}
