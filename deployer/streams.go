package deployer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/paastech-cloud/paastech/paas"
)

// conversation is a command's streams on their way through Docker.
type conversation struct {
	streams    paas.Streams
	connection types.HijackedResponse
	resize     func(context.Context, container.ResizeOptions) error
}

// hold passes everything on until the command's output ends or ctx does. Who gave the input ends it:
// a reader cannot be interrupted from here.
func (c conversation) hold(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.connection.Close()
	stop := context.AfterFunc(ctx, c.connection.Close)
	defer stop()
	if c.streams.Input != nil {
		go func() {
			_, _ = io.Copy(c.connection.Conn, c.streams.Input) // a command may end before its input
			if c.streams.Terminal == nil {                     // with one, Docker would close the output too
				_ = c.connection.CloseWrite()
			}
		}()
	}
	if c.streams.Terminal != nil {
		resized := make(chan struct{})
		go func() {
			defer close(resized)
			c.followSize(ctx)
		}()
		defer func() {
			cancel()
			<-resized
		}()
	}
	err := c.readOutput()
	if ctx.Err() != nil {
		return fmt.Errorf("hold the streams of a command: %w", context.Cause(ctx))
	}
	return err
}

// followSize tells the command the size of its terminal. What cannot be told does not end the command.
func (c conversation) followSize(ctx context.Context) {
	size := c.streams.Terminal.Size
	for open := true; open; {
		if size.Rows > 0 && size.Columns > 0 {
			_ = c.resize(ctx, container.ResizeOptions{Height: uint(size.Rows), Width: uint(size.Columns)})
		}
		select {
		case size, open = <-c.streams.Terminal.Resizes:
		case <-ctx.Done():
			return
		}
	}
}

func (c conversation) readOutput() error {
	output, failures := writerOrNone(c.streams.Output), writerOrNone(c.streams.Errors)
	var err error
	if c.streams.Terminal != nil {
		_, err = io.Copy(output, c.connection.Reader)
	} else {
		_, err = stdcopy.StdCopy(output, failures, c.connection.Reader)
	}
	if err != nil {
		return fmt.Errorf("read the output of a command: %w", err)
	}
	return nil
}

func writerOrNone(writer io.Writer) io.Writer {
	if writer == nil {
		return io.Discard
	}
	return writer
}

// attached opens a connection that Docker turns into streams. Its client waits for Docker however long
// that takes, so a connection that comes too late is closed here.
func (e *Engine) attached(ctx context.Context, open func(context.Context) (types.HijackedResponse, error)) (types.HijackedResponse, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	type outcome struct {
		connection types.HijackedResponse
		err        error
	}
	opened := make(chan outcome, 1)
	go func() {
		connection, err := open(context.WithoutCancel(ctx)) // its end must not end the streams
		opened <- outcome{connection, err}
	}()
	select {
	case result := <-opened:
		return result.connection, translate(ctx, "attach to a command", result.err)
	case <-ctx.Done():
		go func() {
			if late := <-opened; late.err == nil {
				late.connection.Close()
			}
		}()
		return types.HijackedResponse{}, translate(ctx, "attach to a command", errors.Join(ctx.Err()))
	}
}
