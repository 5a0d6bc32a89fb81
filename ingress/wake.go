package ingress

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/paastech-cloud/paastech/paas"
)

// Wake wakes a project and returns when its route is live, or says why it is not.
type Wake func(ctx context.Context, project paas.ProjectID) error

// Bounds of how many requests wait for projects that wake up. Their bodies are not read meanwhile: they
// wait at their clients.
const (
	maxHeld        = 10000
	maxHeldProject = 1000
)

// waking is the wakes under way, and who waits for them.
type waking struct {
	mu    sync.Mutex
	calls map[paas.ProjectID]*wakeCall // guarded by mu
	held  int                          // guarded by mu
}

// wakeCall is one wake that any number of requests wait for.
type wakeCall struct {
	done chan struct{}
	err  error // valid when done is closed
	held int   // guarded by waking.mu
}

// errTooManyHeld says that no more requests can wait.
var errTooManyHeld = errors.New("too many requests wait for this application to wake up")

// joinWake joins the wake of a project, or begins it; the function returned ends the wait.
func (i *Ingress) joinWake(project paas.ProjectID) (*wakeCall, func(), error) {
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
		i.requests.Add(1)
		go func() {
			defer i.requests.Done()
			call.err = i.options.Wake(context.Background(), project) // for all who wait, whoever of them goes
			w.mu.Lock()
			delete(w.calls, project)
			w.mu.Unlock()
			close(call.done)
		}()
	}
	w.held++
	call.held++
	return call, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.held--
		call.held--
	}, nil
}

// awaken holds a request until its application is awake, and returns the route it then has; nil when the
// request was answered, because it does not wake up, or its client has gone.
func (i *Ingress) awaken(w http.ResponseWriter, r *http.Request, host paas.Hostname, asleep *entry) *entry {
	if i.options.Wake == nil {
		return asleep
	}
	call, leave, err := i.joinWake(asleep.route.Project)
	if err != nil {
		i.pages.write(w, r, busyWaking())
		return nil
	}
	defer leave()
	select {
	case <-call.done:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
	if call.err != nil {
		i.options.Log.WarnContext(r.Context(), "ingress: an application does not wake up", "host", host, "error", call.err)
		i.pages.write(w, r, wakeFailed(call.err))
		return nil
	}
	awake := i.table.Load().find(host)
	if awake != nil && awake.route.State == paas.RouteSleeping { // it went to sleep again at once
		i.pages.write(w, r, busyWaking())
		return nil
	}
	return awake
}

// Rest replaces the route unless a request is in flight.
func (i *Ingress) Rest(route paas.Route) bool {
	route.Host = hostname(string(route.Host))
	route.Targets = nil
	i.changes.Lock()
	defer i.changes.Unlock()
	earlier := i.table.Load().entries[route.Host]
	if earlier != nil && !earlier.targets.retireIdle() {
		return false
	}
	i.table.Store(i.table.Load().with(route.Host, newEntry(route, nil, i.counter(route.Project))))
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
