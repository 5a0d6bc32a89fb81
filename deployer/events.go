package deployer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/docker/docker/api/types/events"
)

const (
	reconnectFirst = 100 * time.Millisecond
	reconnectLast  = 5 * time.Second
	pulseEvery     = 15 * time.Second
)

// broadcast tells any number of listeners that something changed. The zero value is ready.
type broadcast struct {
	mutex     sync.Mutex
	listeners map[chan struct{}]struct{} // guarded by mutex, as is sending to and closing of its channels
}

func (b *broadcast) listen(ctx context.Context) <-chan struct{} {
	listener := make(chan struct{}, 1)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.listeners == nil {
		b.listeners = map[chan struct{}]struct{}{}
	}
	b.listeners[listener] = struct{}{}
	context.AfterFunc(ctx, func() {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		delete(b.listeners, listener)
		close(listener)
	})
	return listener
}

func (b *broadcast) tell() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for listener := range b.listeners {
		select {
		case listener <- struct{}{}:
		default: // it has not looked at the last one yet
		}
	}
}

// Changes returns a channel that gets a value whenever containers of this instance started or ended,
// or Docker came back. It needs Watch.
func (e *Engine) Changes(ctx context.Context) <-chan struct{} { return e.changes.listen(ctx) }

// followEvents listens to Docker, and again after each time that the connection was lost.
func (e *Engine) followEvents(ctx context.Context) {
	pause := reconnectFirst
	for ctx.Err() == nil {
		connected, err := e.followOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		e.options.Logger.WarnContext(ctx, "lost the events of Docker", "error", err)
		if connected {
			pause = reconnectFirst
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
func (e *Engine) followOnce(ctx context.Context) (connected bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	deadline := time.AfterFunc(e.options.CallTimeout, func() { cancel(errSilent) })
	which := e.ours()
	which.Add("type", string(events.ContainerEventType))
	for _, action := range []events.Action{events.ActionStart, events.ActionDie, events.ActionDestroy} {
		which.Add("event", string(action))
	}
	messages, broken := e.docker.Events(ctx, events.ListOptions{Filters: which})
	deadline.Stop()
	select {
	case err := <-broken:
		return false, err
	default:
	}
	e.changes.tell() // what happened before is not told
	pulse := time.NewTicker(min(pulseEvery, e.options.CallTimeout))
	defer pulse.Stop()
	for {
		select {
		case <-messages:
			e.changes.tell()
		case err := <-broken:
			return true, errors.Join(err, context.Cause(ctx))
		case <-pulse.C:
			if err := e.ping(ctx); err != nil {
				return true, err
			}
		}
	}
}

func (e *Engine) ping(ctx context.Context) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	_, err := e.docker.Ping(ctx)
	return translate(ctx, "ping Docker", err)
}
