package api

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/web"
)

// steps is a sequence that goes on beside who waits for its next step, and for other things.
type steps[T any] struct {
	each <-chan step[T]
	end  func() // ends the sequence and waits until it has
}

// step is one element of a sequence, or how it failed.
type step[T any] struct {
	value T
	err   error
}

// stepsOf begins a sequence that ends with ctx, which stop ends.
func stepsOf[T any](ctx context.Context, sequence iter.Seq2[T, error], stop context.CancelCauseFunc) steps[T] {
	each := make(chan step[T])
	go func() {
		defer close(each)
		for value, err := range sequence {
			select {
			case each <- step[T]{value, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return steps[T]{each: each, end: func() {
		stop(nil)
		for range each {
		}
	}}
}

// follow sends every step as it comes, until the sequence, the caller or the server ends; then what
// last has to say.
func follow[T any](ctx context.Context, stream *web.Stream, steps steps[T], send func(T) error, last func() (any, error)) error {
	defer steps.end()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		var err error
		select {
		case next, more := <-steps.each:
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case !more:
				return end(stream, last)
			case next.err != nil:
				return stream.Fail(fmt.Errorf("read log: %w", next.err))
			}
			err = send(next.value)
		case <-beat.C:
			err = stream.Beat()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func end(stream *web.Stream, last func() (any, error)) error {
	said, err := last()
	if err != nil {
		return stream.Fail(err)
	}
	return stream.Event(wire.EventEnd, said)
}

// nothingToSay is for a sequence that just ends.
func nothingToSay() (any, error) { return nil, nil }
