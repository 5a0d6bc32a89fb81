package ingress

import (
	"context"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Wake wakes a project and returns when its route is live, or says why it is not.
type Wake func(ctx context.Context, project paas.ProjectID) error

// Bounds of how many requests wait for projects that wake up. Their bodies are not read meanwhile: they
// wait at their clients.
const (
	maxHeld        = 10000
	maxHeldProject = 1000

	maxWakes = 10 // that one request waits for, of an application that goes to sleep again at once

	defaultHoldTimeout = 2 * time.Minute
)

// waking is the wakes under way, and who waits for them.
type waking struct {
	mu    sync.Mutex
	calls map[paas.ProjectID]*wakeCall // guarded by mu
	held  int                          // guarded by mu
}

// wakeCall is one wake that any number of requests wait for.
type wakeCall struct {
	done  chan struct{}
	err   error // valid when done is closed
	held  int   // guarded by waking.mu
	ended bool  // guarded by waking.mu
}

// heldBackError is why a request does not reach its application now: that sleeps, is paused, or closed for maintenance.
type heldBackError struct {
	cause error // of the wake's failure; nil when the request could not wait for its end
	why   string
	page  notice // zero: of cause
}

// Error says it.
func (e *heldBackError) Error() string { return "the application takes no requests: " + e.why }

// Unwrap is the cause.
func (e *heldBackError) Unwrap() error { return e.cause }

func (e *heldBackError) notice() notice {
	switch {
	case e.page.Status != 0:
		return e.page
	case e.cause != nil:
		return wakeFailed(e.cause)
	}
	return stillWaking()
}

// Why requests do not wait, or not any longer.
var (
	errTooManyHeld   = &heldBackError{why: "too many requests wait for it to wake up"}
	errHeldTooLong   = &heldBackError{why: "a request waited for it as long as one may"}
	errTooManyPaused = &heldBackError{why: "too many requests wait for it to be resumed", page: stillPaused()}
	errPausedTooLong = &heldBackError{why: "a request waited for it to be resumed as long as one may", page: stillPaused()}
	errAsleepAgain   = &heldBackError{why: "it went to sleep again at once"}
)

// joinWake joins the wake of a project, or begins it, or waits for who lets requests in again when that is paused;
// the function returned ends the wait.
func (i *Ingress) joinWake(project paas.ProjectID, paused bool) (*wakeCall, func(), error) {
	w := &i.waking
	w.mu.Lock()
	defer w.mu.Unlock()
	call := w.calls[project]
	if w.held >= maxHeld || call != nil && call.held >= maxHeldProject {
		return nil, nil, errTooManyHeld
	}
	if call == nil {
		call = &wakeCall{done: make(chan struct{})}
		w.calls[project] = call
		if !paused {
			i.requests.Add(1)
			go func() {
				defer i.requests.Done()
				w.end(project, call, i.options.Wake(context.Background(), project)) // for all who wait, whoever of them goes
			}()
		}
	}
	w.held++
	call.held++
	return call, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.held--
		call.held--
		if call.held == 0 && paused && !call.ended && w.calls[project] == call {
			delete(w.calls, project) // nobody waits any more
		}
	}, nil
}

// end lets everybody go on who waits for a wake.
func (w *waking) end(project paas.ProjectID, call *wakeCall, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if call == nil {
		call = w.calls[project]
	}
	if call == nil || call.ended {
		return
	}
	call.err, call.ended = err, true
	delete(w.calls, project)
	close(call.done)
}

// live lets requests go on as soon as there is somewhere to go, whoever saw to that: a deployment that was
// under way may be quicker than the wake that waits for its end.
func (w *waking) live(project paas.ProjectID) { w.end(project, nil, nil) }

// wakes tells whether a request for an entry wakes its application.
func (i *Ingress) wakes(e *entry) bool {
	return e.route.State == paas.RouteSleeping && i.options.Wake != nil
}

// paused tells whether a request for an entry waits until it may come in.
func (i *Ingress) paused(e *entry) bool {
	return e.route.Reception.Admission == paas.AdmissionPaused && i.leadsSomewhere(e)
}

// leadsSomewhere tells whether requests for an entry have somewhere to go, at the latest when it is awake.
func (i *Ingress) leadsSomewhere(e *entry) bool {
	return e.route.State == paas.RouteLive || i.wakes(e)
}

// awake returns what a host leads to, nil when to nothing. When it sleeps it is woken, when it is paused that is
// waited for, and ctx's request with it; an heldBackError says why it may not go on.
func (i *Ingress) awake(ctx context.Context, host paas.Hostname) (*entry, error) {
	for range maxWakes {
		found := i.table.Load().find(host)
		switch {
		case found == nil:
			return nil, nil //nolint:nilnil // nothing is there
		case found.route.Reception.Admission == paas.AdmissionMaintenance && i.leadsSomewhere(found):
			return nil, &heldBackError{why: "it is closed for maintenance", page: maintenance(found.route.Reception.Notice)}
		case !i.paused(found) && !i.wakes(found):
			return found, nil
		}
		if err := i.awaken(ctx, found); err != nil {
			return nil, err
		}
	}
	return nil, errAsleepAgain
}

// awaken waits until a project is awake, or lets its requests in again.
func (i *Ingress) awaken(ctx context.Context, e *entry) error {
	paused := i.paused(e)
	call, leave, err := i.joinWake(e.route.Project, paused)
	switch {
	case err != nil && paused:
		return errTooManyPaused
	case err != nil:
		return err
	}
	defer leave()
	// It may have been let in since the table was read, and nobody would end a wait that began after that.
	if now := i.table.Load().get(e.route.Host); paused && (now == nil || !i.paused(now)) {
		return nil
	}
	enough := time.NewTimer(i.options.HoldTimeout)
	defer enough.Stop()
	select {
	case <-call.done:
	case <-enough.C:
		if paused {
			return errPausedTooLong
		}
		return errHeldTooLong
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if call.err != nil {
		return &heldBackError{cause: call.err, why: call.err.Error()}
	}
	return nil
}

// Rest replaces the route unless a request is in flight.
func (i *Ingress) Rest(route paas.Route) bool {
	route.Host = hostname(string(route.Host))
	route.Targets = nil
	i.changes.Lock()
	defer i.changes.Unlock()
	earlier := i.table.Load().get(route.Host)
	if earlier != nil && !earlier.targets.retireIdle() {
		return false
	}
	i.put(route, earlier)
	return true
}

// retireIdle retires all targets when nothing is in flight to any, else none.
func (ts targets) retireIdle() bool {
	for _, t := range ts {
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	for _, t := range ts {
		if len(t.exchanges) > 0 {
			return false
		}
	}
	for _, t := range ts {
		if !t.retired {
			t.retired = true
			t.end()
		}
	}
	return true
}

// busy is how many requests are in flight.
func (e *entry) busy() int {
	busy := 0
	for _, t := range e.targets {
		busy += int(t.load.Load())
	}
	return busy
}
