package paas

import (
	"context"
	"sync"
)

// queue runs deployments apart from whoever asked for them. Jobs of different projects run side by
// side; what changes the running version of one project takes turns by its lock.
type queue struct {
	begin chan struct{} // closed when run has set the context

	mu      sync.Mutex
	ctx     context.Context // guarded by mu; set by run: the life of the platform
	jobs    sync.WaitGroup
	cancels map[ProjectID]map[*job]struct{} // guarded by mu
	turns   map[ProjectID]*turn             // guarded by mu
}

// job is one deployment on its way.
type job struct {
	cancel context.CancelCauseFunc
	done   chan struct{}
	err    error // valid when done is closed
	number int   // of the deployment it works on; 0 when on none
}

func newQueue() *queue {
	return &queue{
		begin:   make(chan struct{}),
		cancels: map[ProjectID]map[*job]struct{}{},
		turns:   map[ProjectID]*turn{},
	}
}

// errShuttingDown is the cause of what the end of the daemon cancels.
var errShuttingDown = Errorf(Unavailable, EShuttingDown, "The platform is shutting down; try again in a moment.")

// run lets jobs work until ctx ends, then cancels those that are not through and waits for them.
func (q *queue) run(ctx context.Context) error {
	jobs, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	q.mu.Lock()
	q.ctx = jobs
	q.mu.Unlock()
	close(q.begin)
	<-ctx.Done()
	q.mu.Lock()
	cancel(errShuttingDown)
	q.mu.Unlock()
	q.jobs.Wait()
	return nil
}

// submit starts work in a job of its own; ctx only bounds the wait for the platform's own start.
func (q *queue) submit(ctx context.Context, project ProjectID, number int, work func(context.Context) error) (*job, error) {
	select {
	case <-q.begin:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx.Err() != nil {
		return nil, errShuttingDown
	}
	jobContext, cancel := context.WithCancelCause(q.ctx)
	j := &job{cancel: cancel, done: make(chan struct{}), number: number}
	if q.cancels[project] == nil {
		q.cancels[project] = map[*job]struct{}{}
	}
	q.cancels[project][j] = struct{}{}
	q.jobs.Go(func() {
		defer q.forget(project, j)
		j.err = work(jobContext)
	})
	return j, nil
}

// busy tells whether a job runs.
func (q *queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.cancels) > 0
}

// working tells whether a job works on a deployment.
func (q *queue) working(project ProjectID, number int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for j := range q.cancels[project] {
		if j.number == number {
			return true
		}
	}
	return false
}

func (q *queue) forget(project ProjectID, j *job) {
	q.mu.Lock()
	delete(q.cancels[project], j)
	if len(q.cancels[project]) == 0 {
		delete(q.cancels, project)
	}
	q.mu.Unlock()
	j.cancel(nil)
	close(j.done)
}

// cancelAll cancels every job of a project and waits for them.
func (q *queue) cancelAll(project ProjectID, cause error) {
	q.cancelWhich(project, func(*job) bool { return true }, cause)
}

// cancel cancels the work on one deployment and waits for its end.
func (q *queue) cancel(project ProjectID, number int, cause error) {
	q.cancelWhich(project, func(j *job) bool { return j.number == number }, cause)
}

func (q *queue) cancelWhich(project ProjectID, which func(*job) bool, cause error) {
	q.mu.Lock()
	var canceled []*job
	for j := range q.cancels[project] {
		if which(j) {
			j.cancel(cause)
			canceled = append(canceled, j)
		}
	}
	q.mu.Unlock()
	for _, j := range canceled {
		<-j.done
	}
}

// wait returns the job's outcome. When ctx ends first the job goes on, unless tied: then it is
// canceled with ctx's cause, and wait returns when it has cleaned up.
func (j *job) wait(ctx context.Context, tied bool) error {
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
	}
	if !tied {
		return context.Cause(ctx)
	}
	j.cancel(context.Cause(ctx))
	<-j.done
	return j.err
}

// turn is the right to change what runs of one project; waiters counts who holds or wants it.
type turn struct {
	held    chan struct{} // holds one value while somebody has the turn
	waiters int           // guarded by queue.mu
}

// take waits for the project's turn and returns the function that gives it back.
func (q *queue) take(ctx context.Context, project ProjectID) (func(), error) {
	t := q.join(project)
	select {
	case t.held <- struct{}{}:
		return func() { <-t.held; q.leave(project, t) }, nil
	case <-ctx.Done():
		q.leave(project, t)
		return nil, context.Cause(ctx)
	}
}

// tryTake takes the turn only when nobody has it.
func (q *queue) tryTake(project ProjectID) (func(), bool) {
	t := q.join(project)
	select {
	case t.held <- struct{}{}:
		return func() { <-t.held; q.leave(project, t) }, true
	default:
		q.leave(project, t)
		return nil, false
	}
}

func (q *queue) join(project ProjectID) *turn {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.turns[project]
	if t == nil {
		t = &turn{held: make(chan struct{}, 1)}
		q.turns[project] = t
	}
	t.waiters++
	return t
}

func (q *queue) leave(project ProjectID, t *turn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t.waiters--
	if t.waiters == 0 {
		delete(q.turns, project)
	}
}
