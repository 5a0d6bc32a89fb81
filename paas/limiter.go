package paas

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// maxWindows bounds a limiter's memory, whatever number of addresses asks: about 10 MB.
const maxWindows = 50_000

// limiter counts events by key and refuses more than most of them in a window, which begins with a
// key's first event.
type limiter struct {
	most int
	per  time.Duration
	now  func() time.Time

	mu      sync.Mutex
	windows map[string]window // guarded by mu
}

type window struct {
	count int
	ends  time.Time
}

func newLimiter(most int, per time.Duration, now func() time.Time) *limiter {
	return &limiter{most: most, per: per, now: now, windows: map[string]window{}}
}

// take counts an event, or refuses it with TooMany.
func (l *limiter) take(key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	w, known := l.windows[key]
	if !known || !now.Before(w.ends) {
		l.makeRoom(now)
		w = window{ends: now.Add(l.per)}
	}
	if w.count >= l.most {
		refusal := Errorf(TooMany, ETooMany, "Too many attempts. Try again in %s.", roughly(w.ends.Sub(now)))
		refusal.RetryAfter = w.ends.Sub(now)
		return refusal
	}
	w.count++
	l.windows[key] = w
	return nil
}

// giveBack undoes a take whose event turned out harmless.
func (l *limiter) giveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, known := l.windows[key]; known && w.count > 0 {
		w.count--
		l.windows[key] = w
	}
}

// makeRoom forgets windows that have ended and, when all still run, some of those: to forget a few
// counts is better than to grow without end or to refuse everybody.
func (l *limiter) makeRoom(now time.Time) {
	if len(l.windows) < maxWindows {
		return
	}
	for key, w := range l.windows {
		if !now.Before(w.ends) {
			delete(l.windows, key)
		}
	}
	for key := range l.windows {
		if len(l.windows) < maxWindows*9/10 {
			return
		}
		delete(l.windows, key)
	}
}

// roughly is a time to wait as people say it, never too short.
func roughly(wait time.Duration) string {
	if wait > 2*time.Minute {
		return strings.TrimSuffix((wait.Truncate(time.Minute) + time.Minute).String(), "0s")
	}
	return (wait.Truncate(time.Second) + time.Second).String()
}

// limits are the limiters of what strangers may ask for.
type limits struct {
	loginPair     *limiter // wrong log-ins by account and address
	loginAddress  *limiter // wrong log-ins by address
	mailAccount   *limiter // mails asked for, by account
	mailAddress   *limiter // mails asked for, by address
	registrations *limiter // by address
}

func newLimits(now func() time.Time) limits {
	return limits{
		loginPair:     newLimiter(10, time.Minute, now),
		loginAddress:  newLimiter(100, time.Minute, now),
		mailAccount:   newLimiter(5, time.Hour, now),
		mailAddress:   newLimiter(30, time.Hour, now),
		registrations: newLimiter(30, time.Hour, now),
	}
}

// source is what an address counts as: IPv6 hands every home a /64.
func source(from netip.Addr) string {
	from = from.Unmap()
	if from.Is6() {
		if prefix, err := from.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return from.String()
}
