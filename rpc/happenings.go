package rpc

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

const (
	endingsUnread = 256
	beginTimeout  = 2 * time.Second // until the other side should listen to what happens
)

// Output calls each with every line that the container has written since then.
func (e *RemoteEngine) Output(ctx context.Context, id paas.ContainerID, since time.Time, each func(paas.LogLine) error) error {
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := e.client.Output(asking, &paastechv1.OutputRequest{Id: string(id), Since: timestamp(since)})
	if err != nil {
		return e.fromStatus(ctx, err)
	}
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return e.fromStatus(ctx, err)
		}
		if err := each(toLine(r.GetLine())); err != nil {
			return err
		}
	}
}

// Changes tells when containers started or ended, or the engine, or its process, came back.
func (e *RemoteEngine) Changes(ctx context.Context) <-chan struct{} {
	changes := make(chan struct{}, 1)
	tell := func() {
		select {
		case changes <- struct{}{}:
		default:
		}
	}
	listen(ctx, changes, func(ctx context.Context, begun func()) error {
		stream, err := e.client.Changes(ctx, &paastechv1.ChangesRequest{}, grpc.WaitForReady(true))
		return receive(stream, err, func() {
			begun()
			tell() // what happened before is not told
		}, func(*paastechv1.ChangesResponse) { tell() })
	})
	return changes
}

// Endings tells of containers that ended although nobody asked the engine for it.
func (e *RemoteEngine) Endings(ctx context.Context) <-chan paas.Container {
	endings := make(chan paas.Container, endingsUnread)
	listen(ctx, endings, func(ctx context.Context, begun func()) error {
		stream, err := e.client.Endings(ctx, &paastechv1.EndingsRequest{}, grpc.WaitForReady(true))
		return receive(stream, err, begun, func(r *paastechv1.EndingsResponse) {
			select {
			case endings <- toContainer(r.GetContainer()):
			default: // nobody waits for a slow listener
			}
		})
	})
	return endings
}

// listen follows what happens until ctx ends, and closes the channel then. It returns when the other side listens, so
// that nothing is missed that happens afterwards, or is not there.
func listen[T any](ctx context.Context, channel chan T, open func(ctx context.Context, begun func()) error) {
	listening := make(chan struct{})
	var once sync.Once
	go func() {
		defer close(channel)
		follow(ctx, func(ctx context.Context, begun func()) error {
			return open(ctx, func() {
				begun()
				once.Do(func() { close(listening) })
			})
		}, func(error) {}) // Watch says it
	}()
	select {
	case <-listening:
	case <-ctx.Done():
	case <-time.After(beginTimeout):
	}
}

// accepted waits until the other side has taken a call on. One that it refused has no header.
func accepted(stream grpc.ClientStream) error {
	header, err := stream.Header()
	if err == nil && header == nil {
		err = stream.RecvMsg(nil) // why
	}
	return err
}

// receive calls each with everything that a stream brings.
func receive[Message any](stream grpc.ServerStreamingClient[Message], err error, begun func(), each func(*Message)) error {
	if err != nil {
		return err
	}
	if err := accepted(stream); err != nil {
		return err
	}
	begun()
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		each(message)
	}
}
