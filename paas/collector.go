package paas

import (
	"context"
	"sync"
	"time"
)

// collector copies what containers write to the logbook, from the moment they start until they have
// ended and everything was read.
type collector struct {
	engine  Engine
	logbook Logbook
	failed  func(Container, error)

	mu        sync.Mutex
	ctx       context.Context           // guarded by mu; set by run: the life of the platform
	following map[ContainerID]*follower // guarded by mu
	followers sync.WaitGroup
}

// follower reads one start of one container.
type follower struct {
	started time.Time
	done    chan struct{}
	broken  bool // the engine did not let it read to the end; to be read when done is closed
	cancel  context.CancelFunc
}

func newCollector(engine Engine, logbook Logbook, failed func(Container, error)) *collector {
	return &collector{engine: engine, logbook: logbook, failed: failed, following: map[ContainerID]*follower{}}
}

// run lets followers read until ctx ends, and waits for them.
func (c *collector) run(ctx context.Context) error {
	c.mu.Lock()
	c.ctx = ctx
	c.mu.Unlock()
	<-ctx.Done()
	c.followers.Wait()
	return nil
}

// follow reads every container of a look that is not being read, and forgets those that have gone.
func (c *collector) follow(w world) {
	present := map[ContainerID]bool{}
	for _, containers := range w.containers {
		for _, container := range containers {
			present[container.ID] = true
			c.begin(container)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, f := range c.following {
		if !present[id] && f.ended() {
			delete(c.following, id)
		}
	}
}

// begin reads a container from where the logbook ends, unless that is being done for this start of it, or was.
func (c *collector) begin(container Container) {
	c.mu.Lock()
	defer c.mu.Unlock()
	earlier := c.following[container.ID]
	if c.ctx == nil || c.ctx.Err() != nil || container.OneOff || earlier != nil && !earlier.over(container) {
		return
	}
	ctx, cancel := context.WithCancel(c.ctx)
	f := &follower{started: container.StartedAt, done: make(chan struct{}), cancel: cancel}
	c.following[container.ID] = f
	c.followers.Go(func() {
		defer close(f.done)
		defer cancel()
		if err := c.copy(ctx, container); err != nil && ctx.Err() == nil && !IsKind(err, NotFound) {
			f.broken = true
			c.failed(container, err)
		}
	})
}

func (c *collector) copy(ctx context.Context, container Container) error {
	since, err := c.logbook.Seen(ctx, container.Project, container.ID)
	if err != nil {
		return err
	}
	return c.engine.Output(ctx, container.ID, since, func(line LogLine) error {
		if !line.At.After(since) {
			return nil // it is kept already
		}
		if err := c.logbook.Append(ctx, container.Project, line); err != nil {
			c.failed(container, err) // a full disk: what comes later may find room again
		}
		return nil
	})
}

// over tells that a follower does not read the container as it is by now.
func (f *follower) over(container Container) bool {
	return f.ended() && (f.broken || !f.started.Equal(container.StartedAt))
}

func (f *follower) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// drainTime is how long the last lines of a container may take to be read.
const drainTime = 2 * time.Second

// drain returns when everything that an ended container wrote was read. What one that still runs
// wrote has mostly been.
func (c *collector) drain(ctx context.Context, container Container) {
	c.mu.Lock()
	f := c.following[container.ID]
	c.mu.Unlock()
	if f == nil {
		return
	}
	patience := drainTime
	if container.Running {
		patience = 200 * time.Millisecond
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-f.done:
	case <-timeout.C:
	case <-ctx.Done():
	}
}

// say puts the platform's own word about a container in its log.
func (p *Platform) say(ctx context.Context, c Container, text string) {
	line := LogLine{At: p.now(), Deployment: c.Deployment, Process: c.Process, Index: c.Index, Container: c.ID, Stream: System, Text: text}
	if err := p.Logbook.Append(context.WithoutCancel(ctx), c.Project, line); err != nil {
		p.Log.WarnContext(ctx, "log what happened to a container", "container", c.ID, "error", err)
	}
}
