package deployer

import (
	"context"
	"sync"
)

// broadcast tells any number of listeners something. Nobody waits for a slow one: what does not fit into
// its channel is not told to it. The zero value is ready.
type broadcast[T any] struct {
	mutex     sync.Mutex
	listeners map[chan T]struct{} // guarded by mutex, as is sending to and closing of its channels
}

// listen returns a channel that holds so many untold values and closes when ctx ends.
func (b *broadcast[T]) listen(ctx context.Context, unread int) <-chan T {
	listener := make(chan T, unread)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.listeners == nil {
		b.listeners = map[chan T]struct{}{}
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

func (b *broadcast[T]) tell(value T) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for listener := range b.listeners {
		select {
		case listener <- value:
		default:
		}
	}
}
