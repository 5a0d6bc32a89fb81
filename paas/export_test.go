package paas

import (
	"context"
	"sync"
	"time"
)

// SetClock makes the platform live in another time; before Run.
func (p *Platform) SetClock(now func() time.Time) { p.now, p.limits = now, newLimits(now) }

// Clean does once what Run does every minute.
func (p *Platform) Clean(ctx context.Context) { p.clean(ctx) }

// BackUp does once what Run does every minute.
func (p *Platform) BackUp(ctx context.Context) { p.backUp(ctx) }

// Deliver works off the outbox once.
func (p *Platform) Deliver(ctx context.Context) error { return p.deliverDue(ctx) }

// Hold takes a project's turn, until the returned function is called.
func (p *Platform) Hold(id ProjectID) (release func()) {
	release, err := p.queue.take(context.Background(), id)
	if err != nil {
		panic(err)
	}
	return release
}

// RunCron runs the cron lines that are due at a minute, to their end.
func (p *Platform) RunCron(ctx context.Context, minute time.Time) {
	var runs sync.WaitGroup
	if err := p.startCron(ctx, minute, &runs); err != nil {
		panic(err)
	}
	runs.Wait()
}

// HoldCron is a line that still runs, until the returned function is called.
func (p *Platform) HoldCron(id ProjectID, line CronLine) (end func()) {
	p.cron.begin(cronKey{id, line})
	return func() { p.cron.end(cronKey{id, line}) }
}

// TakeSamples takes the samples of the ten seconds that end then.
func (p *Platform) TakeSamples(ctx context.Context, at time.Time) error {
	return p.measure(ctx, at, &meter{map[ProjectID]Traffic{}, map[ContainerID][2]uint64{}, map[ContainerID]int{}})
}

// TuckIn puts to sleep whose time has come at a moment.
func (p *Platform) TuckIn(ctx context.Context, at time.Time) { p.tuckIn(ctx, at) }
