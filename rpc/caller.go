package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

const (
	chunkSize     = 32 << 10
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
