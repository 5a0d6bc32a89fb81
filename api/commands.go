package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

const (
	// startWithin is how long a caller may take to say what to run.
	startWithin = 10 * time.Second

	// maxTerminal bounds both sides of a terminal, in characters.
	maxTerminal = 4096
)

// commandRoutes are the rows of commands that people run beside what an application does.
func (a *api) commandRoutes() []endpoint {
	return tagged("commands",
		raw[nothing](a.conversation(a.run), operation{name: "run", method: http.MethodGet, path: "/projects/:id/run", level: web.Owner, scope: paas.ScopeDeploy, socket: true,
			summary: "Run a command in a new container of the live version, over a WebSocket: the first message says what to run, binary ones are its streams, the last says how it ended.", errors: starting()}),
		raw[nothing](a.conversation(a.exec), operation{name: "exec", method: http.MethodGet, path: "/projects/:id/exec", level: web.Owner, scope: paas.ScopeDeploy, socket: true,
			summary: "Run a command in a running container, over a WebSocket as run does.", errors: fails(paas.ENeverBuilt, paas.EConflict)}),
	)
}

// command is something that has streams and an end.
type command func(context.Context, *web.Call, wire.CommandStart, paas.Streams) (paas.Ending, error)

func (a *api) run(ctx context.Context, call *web.Call, start wire.CommandStart, streams paas.Streams) (paas.Ending, error) {
	if start.Process != "" {
		return paas.Ending{}, paas.InvalidField("process", "A new container is no process's: leave process out, or use exec.")
	}
	return a.platform.RunCommand(ctx, call.Caller, call.Project.ID, start.Command, streams)
}

func (a *api) exec(ctx context.Context, call *web.Call, start wire.CommandStart, streams paas.Streams) (paas.Ending, error) {
	return a.platform.Exec(ctx, call.Caller, call.Project.ID, start.Process, start.Command, streams)
}

// conversation holds a command's streams over a WebSocket until it, the caller, or the caller's right to
// it ends.
func (a *api) conversation(do command) web.Handler {
	return func(call *web.Call) error {
		socket, err := call.Upgrade()
		if err != nil {
			return err
		}
		defer socket.Close()
		ctx, stop := call.Watching()
		defer stop(nil)
		ending, err := converse(ctx, call, socket, do)
		if err != nil {
			return socket.Fail(err)
		}
		return socket.Tell(wire.CommandEnd{ExitCode: ending.ExitCode, OOMKilled: ending.OOMKilled})
	}
}

func converse(ctx context.Context, call *web.Call, socket *web.Socket, do command) (paas.Ending, error) {
	start, err := readStart(ctx, socket)
	if err != nil {
		return paas.Ending{}, err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	input, hears := io.Pipe()
	defer input.Close() // nobody waits for a command that has ended to read on
	ear := ear{socket: socket, input: hears, resizes: make(chan paas.TerminalSize, 1)}
	go func() { end(ear.listen(context.WithoutCancel(ctx))) }() // ends with the socket
	go guard(ctx, call, socket, end)
	streams := paas.Streams{Output: mouth{ctx, socket, wire.CommandOutput}, Errors: mouth{ctx, socket, wire.CommandErrors}}
	if start.Input {
		streams.Input = input
	} else {
		input.Close()
	}
	if start.Terminal != nil {
		streams.Terminal = &paas.Terminal{Size: paas.TerminalSize(*start.Terminal), Resizes: ear.resizes}
	}
	ending, err := do(ctx, call, start, streams)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return ending, err
}

func readStart(ctx context.Context, socket *web.Socket) (start wire.CommandStart, err error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	message, isText, err := socket.Read(ctx)
	if err != nil {
		return start, paas.Errorf(paas.Invalid, paas.EInvalid, "The first message did not come.").Because(err)
	}
	if err := decodeMessage(message, isText, &start); err != nil {
		return start, err
	}
	return start, checkTerminal(start.Terminal)
}

func decodeMessage(message []byte, isText bool, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(message))
	decoder.DisallowUnknownFields()
	if !isText {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "What to run is said in a text message of JSON.")
	}
	if err := decoder.Decode(into); err != nil {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "This message is not what the API describes.").Because(err)
	}
	return nil
}

func checkTerminal(size *wire.TerminalSize) error {
	if size != nil && (min(size.Rows, size.Columns) < 0 || max(size.Rows, size.Columns) > maxTerminal) {
		return paas.InvalidField("terminal", "A terminal has at most %d rows and columns.", maxTerminal)
	}
	return nil
}

// guard keeps the connection in use, and ends a conversation whose caller may no longer hold it.
func guard(ctx context.Context, call *web.Call, socket *web.Socket, end context.CancelCauseFunc) {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
			if err := call.Again(); err != nil {
				end(err)
				return
			}
			socket.Beat(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// ear hears what the caller of a command sends.
type ear struct {
	socket  *web.Socket
	input   *io.PipeWriter
	resizes chan paas.TerminalSize // holds the newest
}

// listen ends with the connection, whose end is its error, or with a message that makes no sense.
func (e ear) listen(ctx context.Context) error {
	defer e.input.CloseWithError(io.ErrUnexpectedEOF)
	for {
		message, isText, err := e.socket.Read(ctx)
		if err != nil {
			return fmt.Errorf("hear the caller of a command: %w", err)
		}
		if !isText && len(message) > 0 && message[0] == wire.CommandInput {
			_, _ = e.input.Write(message[1:]) // a command may end before its input
			continue
		}
		var change wire.CommandChange
		if err := decodeMessage(message, isText, &change); err != nil {
			return err
		}
		if change.EOF {
			e.input.Close()
		}
		if err := checkTerminal(change.Resize); err != nil {
			return err
		}
		if change.Resize != nil {
			select {
			case <-e.resizes: // nobody wants to know an older size
			default:
			}
			e.resizes <- paas.TerminalSize(*change.Resize)
		}
	}
}

// mouth says what a command writes to its caller.
type mouth struct {
	ctx    context.Context
	socket *web.Socket
	stream byte
}

// Write waits for a caller who reads slowly.
func (m mouth) Write(content []byte) (int, error) {
	if err := m.socket.Write(m.ctx, append([]byte{m.stream}, content...)); err != nil {
		return 0, err
	}
	return len(content), nil
}
