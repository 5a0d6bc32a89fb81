package paas

import (
	"sync"
	"time"
)

// sleepers knows the projects that may sleep, and how waking went.
type sleepers struct {
	mu    sync.Mutex
	known map[ProjectID]*idle // guarded by mu
	held  map[ProjectID]int   // commands under way that keep a project awake; guarded by mu
	wakes map[ProjectID]Wakes // guarded by mu
}

// Wakes is how often and how long a project was woken since the start.
type Wakes struct {
	Count  int
	Failed int
	Total  time.Duration // of those that succeeded
	Last   time.Duration
}

func newSleepers() *sleepers {
	return &sleepers{known: map[ProjectID]*idle{}, held: map[ProjectID]int{}, wakes: map[ProjectID]Wakes{}}
}

// see takes over a look: who may sleep, and how deep everybody does.
func (s *sleepers) see(now time.Time, w world) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.known {
		if _, is := w.projects[id]; !is {
			delete(s.known, id)
			delete(s.wakes, id)
		}
	}
	for id, project := range w.projects {
		live, isLive := w.live[id]
		if !isLive || project.Stopped || w.deleting[id] || !live.mayIdle() {
			delete(s.known, id)
			continue
		}
		one := s.known[id]
		if one == nil {
			one = &idle{used: now}
			s.known[id] = one
		}
		one.after, one.depth, one.since = time.Duration(live.App.Sleep.After), project.Depth, project.SleptAt
		if live.LiveAt != nil && live.LiveAt.After(one.used) {
			one.used = *live.LiveAt
		}
	}
}

// any tells whether anybody may sleep.
func (s *sleepers) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.known) > 0
}

// use notes that a project was used.
func (s *sleepers) use(id ProjectID, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.known[id]; one != nil && at.After(one.used) {
		one.used = at
	}
}

// hold keeps a project awake until the function returned is called, and counts as use until then.
func (s *sleepers) hold(id ProjectID, now func() time.Time) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[id]++
	return func() {
		s.mu.Lock()
		if s.held[id]--; s.held[id] == 0 {
			delete(s.held, id)
		}
		s.mu.Unlock()
		s.use(id, now())
	}
}

// isHeld tells whether something keeps a project awake.
func (s *sleepers) isHeld(id ProjectID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[id] > 0
}

// slept notes a project's depth at once; the next look would do it later.
func (s *sleepers) slept(id ProjectID, depth Depth, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.known[id]; one != nil {
		one.depth, one.since = depth, at
		if depth == Awake {
			one.used = at
		}
	}
}

// due lists who goes to another depth now.
func (s *sleepers) due(now time.Time, traffic map[ProjectID]Traffic) map[ProjectID]Depth {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := map[ProjectID]Depth{}
	for id, one := range s.known {
		seen := traffic[id]
		if seen.Busy > 0 || s.held[id] > 0 {
			one.used = now
		} else if seen.Last.After(one.used) {
			one.used = seen.Last
		}
		if next := one.next(now); next != one.depth {
			due[id] = next
		}
	}
	return due
}

// woke notes how a wake went.
func (s *sleepers) woke(id ProjectID, took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wakes := s.wakes[id]
	if wakes.Count++; err != nil {
		wakes.Failed++
	} else {
		wakes.Total += took
		wakes.Last = took
	}
	s.wakes[id] = wakes
}

// Wakes is how projects were woken since the start.
func (p *Platform) Wakes() map[ProjectID]Wakes {
	p.sleepers.mu.Lock()
	defer p.sleepers.mu.Unlock()
	all := make(map[ProjectID]Wakes, len(p.sleepers.wakes))
	for id, wakes := range p.sleepers.wakes {
		all[id] = wakes
	}
	return all
}
