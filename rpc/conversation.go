package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

const (
	chunkSize   = 32 << 10
	inputUnread = 64 // chunks that a command may be behind

	cancelTimeout = 15 * time.Second // until what was made for a command that is canceled must be gone
)

// Run runs a container to its end with its streams attached.
func (e *RemoteEngine) Run(ctx context.Context, spec paas.ContainerSpec, streams paas.Streams) (ending paas.Ending, err error) {
	start := &paastechv1.RunStart{Spec: fromSpec(spec), Input: streams.Input != nil, Terminal: terminalOf(streams)}
	err = e.supplied(ctx, func() error {
		ending, err = e.converse(ctx, streams, func(ctx context.Context) (caller, error) {
			stream, err := e.client.Run(ctx)
			if err != nil {
				return caller{}, err
			}
			_ = stream.Send(&paastechv1.RunRequest{Start: start}) // the stream says what became of it
			return caller{
				stream,
				func(said *paastechv1.Said) error { return stream.Send(&paastechv1.RunRequest{Said: said}) },
				func() (*paastechv1.Heard, error) { r, err := stream.Recv(); return r.GetHeard(), err },
			}, nil
		})
		return err
	})
	return ending, err
}

// Exec runs a command in a running container.
func (e *RemoteEngine) Exec(ctx context.Context, id paas.ContainerID, command []string, streams paas.Streams) (paas.Ending, error) {
	start := &paastechv1.ExecStart{Id: string(id), Command: command, Input: streams.Input != nil, Terminal: terminalOf(streams)}
	return e.converse(ctx, streams, func(ctx context.Context) (caller, error) {
		stream, err := e.client.Exec(ctx)
		if err != nil {
			return caller{}, err
		}
		_ = stream.Send(&paastechv1.ExecRequest{Start: start}) // the stream says what became of it
		return caller{
			stream,
			func(said *paastechv1.Said) error { return stream.Send(&paastechv1.ExecRequest{Said: said}) },
			func() (*paastechv1.Heard, error) { r, err := stream.Recv(); return r.GetHeard(), err },
		}, nil
	})
}

func terminalOf(streams paas.Streams) *paastechv1.Terminal {
	if streams.Terminal == nil {
		return nil
	}
	return fromSize(streams.Terminal.Size)
}

// caller is the hub's end of a command's streams.
type caller struct {
	grpc.ClientStream
	say  func(*paastechv1.Said) error
	hear func() (*paastechv1.Heard, error)
}

// converse passes everything on until the command ends or ctx does. Input is read only when the other side has taken
// the command on. Who gave it ends it: a reader cannot be interrupted from here. When ctx ends, this returns when
// what was made for the command is gone, as it does in one process.
func (e *RemoteEngine) converse(ctx context.Context, streams paas.Streams, open func(context.Context) (caller, error)) (paas.Ending, error) {
	talking, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	opened := context.AfterFunc(ctx, end)
	call, err := open(talking)
	if err == nil {
		err = accepted(call)
	}
	if err != nil {
		return paas.Ending{}, e.fromStatus(ctx, err)
	}
	opened()
	say := oneAtATime(call.say)
	cancel := sync.OnceFunc(func() {
		time.AfterFunc(cancelTimeout, end)
		_ = say(&paastechv1.Said{Kind: &paastechv1.Said_Cancel{Cancel: true}})
	})
	defer context.AfterFunc(ctx, cancel)()
	if streams.Input != nil {
		go sayInput(streams.Input, say)
	}
	if streams.Terminal != nil {
		followed := make(chan struct{})
		go func() {
			defer close(followed)
			saySizes(talking, streams.Terminal.Resizes, say)
		}()
		defer func() {
			end()
			<-followed
		}()
	}
	return e.hear(ctx, call, streams, cancel)
}

// hear passes on what a command says. When nobody takes it, the command is canceled.
func (e *RemoteEngine) hear(ctx context.Context, call caller, streams paas.Streams, cancel func()) (paas.Ending, error) {
	var failed error
	write := func(to io.Writer, content []byte) {
		if to == nil || failed != nil {
			return
		}
		if _, err := to.Write(content); err != nil {
			failed = fmt.Errorf("pass on the output of a command: %w", err)
			cancel()
		}
	}
	for {
		heard, err := call.hear()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // there was no ending
		}
		if failed != nil && err != nil {
			return paas.Ending{}, failed
		}
		if err != nil {
			return paas.Ending{}, e.fromStatus(ctx, err)
		}
		switch kind := heard.GetKind().(type) {
		case *paastechv1.Heard_Output:
			write(streams.Output, kind.Output)
		case *paastechv1.Heard_Errors:
			write(streams.Errors, kind.Errors)
		case *paastechv1.Heard_Ending:
			return toEnding(kind.Ending), failed
		}
	}
}

func oneAtATime[T any](send func(T) error) func(T) error {
	var mutex sync.Mutex
	return func(message T) error {
		mutex.Lock()
		defer mutex.Unlock()
		return send(message)
	}
}

// sayInput reads to the end of the input, or of the command.
func sayInput(input io.Reader, say func(*paastechv1.Said) error) {
	buffer := make([]byte, chunkSize)
	for {
		n, err := input.Read(buffer)
		if n > 0 && say(&paastechv1.Said{Kind: &paastechv1.Said_Input{Input: buffer[:n]}}) != nil {
			return
		}
		if err != nil {
			_ = say(&paastechv1.Said{Kind: &paastechv1.Said_End{End: true}}) // a command may end before its input
			return
		}
	}
}

func saySizes(ctx context.Context, sizes <-chan paas.TerminalSize, say func(*paastechv1.Said) error) {
	for {
		select {
		case size, open := <-sizes:
			if !open || say(&paastechv1.Said{Kind: &paastechv1.Said_Resize{Resize: fromSize(size)}}) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *engineServer) Run(stream grpc.BidiStreamingServer[paastechv1.RunRequest, paastechv1.RunResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if err := s.checkSupplied(); err != nil {
		return err
	}
	start := first.GetStart()
	return callee{
		stream, start.GetInput(), start.GetTerminal(),
		func(heard *paastechv1.Heard) error { return stream.Send(&paastechv1.RunResponse{Heard: heard}) },
		func() (*paastechv1.Said, error) { r, err := stream.Recv(); return r.GetSaid(), err },
	}.serve(func(ctx context.Context, streams paas.Streams) (paas.Ending, error) {
		return s.engine.Run(ctx, toSpec(start.GetSpec()), streams)
	})
}

func (s *engineServer) Exec(stream grpc.BidiStreamingServer[paastechv1.ExecRequest, paastechv1.ExecResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	start := first.GetStart()
	return callee{
		stream, start.GetInput(), start.GetTerminal(),
		func(heard *paastechv1.Heard) error { return stream.Send(&paastechv1.ExecResponse{Heard: heard}) },
		func() (*paastechv1.Said, error) { r, err := stream.Recv(); return r.GetSaid(), err },
	}.serve(func(ctx context.Context, streams paas.Streams) (paas.Ending, error) {
		return s.engine.Exec(ctx, paas.ContainerID(start.GetId()), start.GetCommand(), streams)
	})
}

// callee is the engine's end of a command's streams.
type callee struct {
	grpc.ServerStream
	input    bool
	terminal *paastechv1.Terminal
	say      func(*paastechv1.Heard) error
	hear     func() (*paastechv1.Said, error)
}

// serve runs a command with the streams of a caller. What listens to the caller ends when this has returned, because
// the stream ends then.
func (c callee) serve(run func(context.Context, paas.Streams) (paas.Ending, error)) error {
	if err := c.SendHeader(metadata.MD{}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	say := oneAtATime(c.say)
	streams := paas.Streams{
		Output: writer(func(chunk []byte) error {
			return say(&paastechv1.Heard{Kind: &paastechv1.Heard_Output{Output: chunk}})
		}),
		Errors: writer(func(chunk []byte) error {
			return say(&paastechv1.Heard{Kind: &paastechv1.Heard_Errors{Errors: chunk}})
		}),
	}
	said := listener{input: make(chan []byte, inputUnread), sizes: make(chan paas.TerminalSize, 1), cancel: cancel}
	if c.input {
		reader, pipe := io.Pipe()
		defer reader.Close()
		streams.Input = reader
		go said.feed(pipe)
	}
	if c.terminal != nil {
		streams.Terminal = &paas.Terminal{Size: toSize(c.terminal), Resizes: said.sizes}
	}
	go said.listen(ctx, c.hear)
	ending, err := run(ctx, streams)
	if err != nil {
		return err
	}
	return say(&paastechv1.Heard{Kind: &paastechv1.Heard_Ending{Ending: fromEnding(ending)}})
}

// writer sends what is written, in pieces.
type writer func([]byte) error

func (w writer) Write(content []byte) (written int, err error) {
	for len(content) > written {
		chunk := content[written:min(written+chunkSize, len(content))]
		if err := w(chunk); err != nil {
			return written, err
		}
		written += len(chunk)
	}
	return written, nil
}

// listener sorts what a caller says.
type listener struct {
	input  chan []byte
	sizes  chan paas.TerminalSize
	cancel func()
}

// listen ends with the caller or the call.
func (l listener) listen(ctx context.Context, hear func() (*paastechv1.Said, error)) {
	defer close(l.sizes)
	open := true
	end := func() {
		if open {
			close(l.input)
		}
		open = false
	}
	defer end()
	for {
		said, err := hear()
		if err != nil {
			return
		}
		switch kind := said.GetKind().(type) {
		case *paastechv1.Said_Input:
			if !open {
				continue
			}
			select {
			case l.input <- kind.Input:
			case <-ctx.Done():
				return
			}
		case *paastechv1.Said_End:
			end()
		case *paastechv1.Said_Cancel:
			l.cancel()
		case *paastechv1.Said_Resize:
			l.resize(toSize(kind.Resize))
		}
	}
}

// resize tells the newest size to who comes to look.
func (l listener) resize(size paas.TerminalSize) {
	select {
	case <-l.sizes:
	default:
	}
	select {
	case l.sizes <- size:
	default:
	}
}

// feed writes the input to who reads it, until either ends.
func (l listener) feed(pipe *io.PipeWriter) {
	defer pipe.Close()
	broken := false
	for chunk := range l.input {
		if !broken {
			_, err := pipe.Write(chunk)
			broken = err != nil
		}
	}
}
