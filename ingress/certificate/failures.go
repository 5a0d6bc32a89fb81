package certificate

import (
	"maps"
	"sync"
	"time"
)

// failures are names for which no certificate was got, and when the next attempt is due: a client that
// comes again must not have another order spent.
type failures struct {
	pause time.Duration
	mu    *sync.Mutex
	names map[string]failure // guarded by mu
}

type failure struct {
	text  string
	at    time.Time
	count int
}

// Between two attempts.
const (
	firstPause  = 15 * time.Second
	lastPause   = time.Hour
	mostFailing = 10_000 // names that are remembered
)

func newFailures(pause time.Duration) failures {
	if pause == 0 {
		pause = firstPause
	}
	return failures{pause: pause, mu: new(sync.Mutex), names: map[string]failure{}}
}

func (f failures) add(name string, err error, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one, known := f.names[name]
	if !known && len(f.names) >= mostFailing {
		return
	}
	one.at, one.count = now, one.count+1
	if err != nil {
		one.text = err.Error()
	}
	f.names[name] = one
}

func (f failures) clear(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.names, name)
}

// waits tells whether the next attempt is not due yet.
func (f failures) waits(name string, now time.Time) bool {
	one := f.of(name)
	return one.count > 0 && now.Sub(one.at) < min(lastPause, f.pause<<min(one.count-1, 10))
}

func (f failures) of(name string) failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.names[name]
}

func (f failures) all() map[string]failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.names)
}
