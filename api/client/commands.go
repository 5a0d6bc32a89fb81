package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/coder/websocket"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
)

// chunk is how many bytes of a command's input go into one message.
const chunk = 16 << 10

// RunCommand runs a command in a new container of the live version, to its end or that of ctx.
func (c *Client) RunCommand(ctx context.Context, id paas.ProjectID, command []string, streams paas.Streams) (wire.CommandEnd, error) {
	return c.converse(ctx, project(id, "run"), wire.CommandStart{Command: command}, streams)
}

// Exec runs a command in a running container: that of a process like web.2, or the first when it is
// empty. It ends with ctx.
func (c *Client) Exec(ctx context.Context, id paas.ProjectID, process string, command []string, streams paas.Streams) (wire.CommandEnd, error) {
	return c.converse(ctx, project(id, "exec"), wire.CommandStart{Command: command, Process: process}, streams)
}

func (c *Client) converse(ctx context.Context, path []string, start wire.CommandStart, streams paas.Streams) (wire.CommandEnd, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	prepared, err := c.prepare(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return wire.CommandEnd{}, err
	}
	connection, response, err := websocket.Dial(ctx, prepared.URL.String(), &websocket.DialOptions{HTTPClient: c.http, HTTPHeader: prepared.Header})
	if err != nil && response != nil {
		return wire.CommandEnd{}, c.explain(response)
	}
	if err != nil {
		return wire.CommandEnd{}, c.lost(ctx, err)
	}
	defer connection.CloseNow()
	connection.SetReadLimit(maxEvent)
	talk := commandTalk{connection, streams}
	if err := talk.begin(ctx, start); err != nil {
		return wire.CommandEnd{}, c.lost(ctx, err)
	}
	end, err := talk.hear(ctx)
	if _, explained := errors.AsType[*paas.Error](err); err != nil && !explained {
		return end, c.lost(ctx, err)
	}
	_ = connection.Close(websocket.StatusNormalClosure, "") // all has been said
	return end, err
}

// commandTalk is the client's end of a command's WebSocket.
type commandTalk struct {
	connection *websocket.Conn
	streams    paas.Streams
}

// begin says what to run, and has input and sizes follow. Who gave the input ends it: a reader cannot be
// interrupted from here.
func (t commandTalk) begin(ctx context.Context, start wire.CommandStart) error {
	start.Input = t.streams.Input != nil
	if terminal := t.streams.Terminal; terminal != nil {
		size := wire.TerminalSize(terminal.Size)
		start.Terminal = &size
	}
	if err := t.tell(ctx, start); err != nil {
		return err
	}
	if t.streams.Terminal != nil {
		go t.tellSizes(ctx)
	}
	if t.streams.Input != nil {
		go t.giveInput(ctx)
	}
	return nil
}

func (t commandTalk) tell(ctx context.Context, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	return t.connection.Write(ctx, websocket.MessageText, text)
}

// tellSizes says each new size of the terminal; what cannot be said is the end of the connection, which
// hear notices.
func (t commandTalk) tellSizes(ctx context.Context) {
	for {
		select {
		case size, open := <-t.streams.Terminal.Resizes:
			changed := wire.TerminalSize(size)
			if !open || t.tell(ctx, wire.CommandChange{Resize: &changed}) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (t commandTalk) giveInput(ctx context.Context) {
	message := make([]byte, 1+chunk)
	message[0] = wire.CommandInput
	for {
		n, err := t.streams.Input.Read(message[1:])
		if n > 0 && t.connection.Write(ctx, websocket.MessageBinary, message[:1+n]) != nil {
			return
		}
		if err != nil {
			_ = t.tell(ctx, wire.CommandChange{EOF: true})
			return
		}
	}
}

// hear passes on what the command writes, until the server says how it ended.
func (t commandTalk) hear(ctx context.Context) (end wire.CommandEnd, err error) {
	for {
		kind, message, err := t.connection.Read(ctx)
		if err != nil {
			return end, fmt.Errorf("the command's connection broke off: %w", err)
		}
		if kind == websocket.MessageText {
			return readEnd(message)
		}
		if len(message) == 0 {
			continue
		}
		to := t.streams.Output
		if message[0] == wire.CommandErrors {
			to = t.streams.Errors
		}
		if to == nil {
			to = io.Discard
		}
		if _, err := to.Write(message[1:]); err != nil {
			return end, fmt.Errorf("pass a command's output on: %w", err)
		}
	}
}

func readEnd(message []byte) (end wire.CommandEnd, err error) {
	var failure problem.Document
	if err := json.Unmarshal(message, &failure); err == nil && failure.Code != "" {
		return end, failure.Err()
	}
	if err := json.Unmarshal(message, &end); err != nil {
		return end, fmt.Errorf("read how the command ended: %w", err)
	}
	return end, nil
}
