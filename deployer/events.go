package deployer

import (
	"context"
	"errors"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

const (
	reconnectFirst = 100 * time.Millisecond
	reconnectLast  = time.Second // what runs after an outage waits for it
	pulseEvery     = 15 * time.Second
)

// Changes returns a channel that gets a value whenever containers of this instance started or ended,
// or Docker came back. It needs Watch.
func (e *Engine) Changes(ctx context.Context) <-chan struct{} { return e.changes.listen(ctx, 1) }

// followEvents listens to Docker, and again after each time that the connection was lost.
func (e *Engine) followEvents(ctx context.Context, which filters.Args, heard func(events.Message)) {
	pause := reconnectFirst
	for ctx.Err() == nil {
		connected, err := e.followOnce(ctx, which, heard)
		if ctx.Err() != nil {
			return
		}
		if connected {
			pause = reconnectFirst
		}
		if pause == reconnectFirst { // once for an outage
			e.options.Logger.WarnContext(ctx, "lost the events of Docker", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, reconnectLast)
	}
}

// followOnce listens until the connection ends or Docker no longer answers; it tells whether it had
// begun to listen.
func (e *Engine) followOnce(ctx context.Context, which filters.Args, heard func(events.Message)) (connected bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	deadline := time.AfterFunc(e.options.CallTimeout, func() { cancel(errSilent) })
	messages, broken := e.docker.Events(ctx, events.ListOptions{Filters: which})
	deadline.Stop()
	select {
	case err := <-broken:
		return false, err
	default:
	}
	e.changes.tell(struct{}{}) // what happened before is not told
	pulse := time.NewTicker(min(pulseEvery, e.options.CallTimeout))
	defer pulse.Stop()
	for {
		select {
		case message := <-messages:
			heard(message)
			e.changes.tell(struct{}{})
		case err := <-broken:
			return true, errors.Join(err, context.Cause(ctx))
		case <-pulse.C:
			if err := e.ping(ctx); err != nil {
				return true, err
			}
		}
	}
}

// aboutOurs are the events of containers of this instance.
func (e *Engine) aboutOurs() filters.Args {
	which := e.ours()
	which.Add("type", string(events.ContainerEventType))
	for _, action := range []events.Action{events.ActionStart, events.ActionDie, events.ActionDestroy, events.ActionOOM} {
		which.Add("event", string(action))
	}
	return which
}

func (e *Engine) ping(ctx context.Context) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	_, err := e.docker.Ping(ctx)
	return translate(ctx, "ping Docker", err)
}
