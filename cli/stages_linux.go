package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// part is a component of the daemon: it serves until its context ends and releases what it holds
// before it returns.
type part struct {
	name string
	run  func(context.Context) error
}

// errEnded is what became of a part that returned although nobody asked it to.
var errEnded = errors.New("ended by itself")

// serveAll runs the parts until ctx ends or one of them does; either ends all. They are stopped from
// the last to the first, each only when the one after it has returned.
func serveAll(ctx context.Context, log *slog.Logger, parts []part) error {
	ended := make(chan error, len(parts))
	stops := make([]func(), len(parts))
	for i, part := range parts {
		running, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		go func() {
			defer close(done)
			err := part.run(running)
			if err == nil && running.Err() == nil {
				err = errEnded
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", part.name, err)
			}
			ended <- err
		}()
		stops[i] = func() { cancel(); <-done }
	}
	var first error
	select {
	case <-ctx.Done():
		log.Info("shutting down")
	case first = <-ended:
		log.Error("a part of the server ended; shutting down", "error", first)
	}
	for i := len(stops) - 1; i >= 0; i-- {
		log.Debug("stopping", "part", parts[i].name)
		stops[i]()
	}
	close(ended)
	errs := []error{first}
	for err := range ended {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
