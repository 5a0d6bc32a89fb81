package rpc

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

// inputUnread is how many pieces of its input a command may be behind.
const inputUnread = 64

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
