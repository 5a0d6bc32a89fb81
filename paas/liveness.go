package paas

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A container that was started again is waited for, eagerWait at a time, until it has answered: that
// finds it ready at once, and costs the engine, which may just be starting everything else, one question.
const (
	livenessTick  = 100 * time.Millisecond
	eagerInterval = 100 * time.Millisecond
	eagerWait     = 2 * time.Second
	checksAtOnce  = 32
	waitsAtOnce   = 256
)

// livenessLoop asks running containers whether they are well: traffic goes to those that are, and
// those that stay unwell are started anew.
func (p *Platform) livenessLoop(ctx context.Context) error {
	tick := time.NewTicker(livenessTick)
	defer tick.Stop()
	var checks sync.WaitGroup
	defer checks.Wait()
	checking, waiting := make(chan struct{}, checksAtOnce), make(chan struct{}, waitsAtOnce)
	for {
		for _, one := range p.vitals.due(p.now()) {
			slots := checking
			if !one.onceWell {
				slots = waiting
			}
			checks.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				p.checkLiveness(ctx, one)
			})
		}
		if next := p.vitals.nextDue(); !next.IsZero() && !next.After(p.now()) {
			p.wakeReconcile()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// due takes the containers whose time to be asked has come.
func (v *vitals) due(now time.Time) []vital {
	v.mu.Lock()
	defer v.mu.Unlock()
	var due []vital
	for _, one := range v.known {
		interval := defaultTo(time.Duration(one.health.Interval), DefaultHealthInterval)
		if !one.onceWell {
			interval = eagerInterval
		}
		if one.checks && one.container.Running && !one.container.Paused && !one.asking && now.Sub(one.asked) >= interval {
			one.asking, one.asked = true, now
			due = append(due, *one)
		}
	}
	return due
}

// verdict is what an answer changes.
type verdict struct{ changed, dead bool }

// judge takes over an answer to the question that asked was.
func (v *vitals) judge(now time.Time, asked vital, well bool) verdict {
	v.mu.Lock()
	defer v.mu.Unlock()
	one := v.known[asked.container.ID]
	if one == nil {
		return verdict{}
	}
	one.asking = false
	if !one.started.Equal(asked.started) {
		return verdict{}
	}
	before := one.well
	if well {
		one.well, one.onceWell, one.failures = true, true, 0
		return verdict{changed: !before}
	}
	grace := defaultTo(time.Duration(one.health.Grace), DefaultHealthGrace)
	if !one.onceWell {
		grace = max(grace, asked.deadline())
	}
	if now.Sub(one.started) < grace {
		return verdict{}
	}
	one.failures++
	limit := one.health.Failures
	if limit == 0 {
		limit = DefaultHealthFailures
	}
	one.well = one.well && one.failures < limit
	return verdict{changed: before != one.well, dead: one.failures >= limit}
}

// deadline is how long a start may take.
func (v vital) deadline() time.Duration {
	return defaultTo(time.Duration(v.health.Deadline), 60*time.Second)
}

func (p *Platform) checkLiveness(ctx context.Context, asked vital) {
	seen, err := p.askIfWell(ctx, asked)
	if ctx.Err() != nil {
		return
	}
	if err != nil { // the engine's failure is not the application's
		p.vitals.judge(p.now(), asked, asked.well)
		return
	}
	found := p.vitals.judge(p.now(), asked, seen.Ready)
	if found.changed {
		p.reroute(ctx, asked.container.Project)
	}
	if found.dead {
		p.revive(ctx, asked, seen)
	}
}

func (p *Platform) askIfWell(ctx context.Context, asked vital) (Readiness, error) {
	if asked.onceWell {
		return p.Engine.Check(ctx, asked.container.ID, asked.probe)
	}
	probe := asked.probe
	probe.Deadline = eagerWait
	return p.Engine.Await(ctx, asked.container.ID, probe)
}

// revive starts a container anew that runs and is not well.
func (p *Platform) revive(ctx context.Context, one vital, seen Readiness) {
	release, free := p.queue.tryTake(one.container.Project)
	if !free {
		return // a deployment is replacing it
	}
	defer release()
	how := fmt.Sprintf("%s.%d failed its health check %d times: %s.", one.container.Process, one.container.Index, one.failures+1, seenWords(seen, one.probe))
	pause, tell := p.vitals.crash(p.now(), one.container, how, EventUnhealthy)
	p.say(ctx, one.container, fmt.Sprintf("%s It is started anew in %s.", how, pause))
	if tell != "" {
		p.tellContainer(ctx, tell, one.container, fmt.Sprintf("%s It is started anew.", how))
	}
	if err := p.Engine.Stop(ctx, one.container.ID, p.GraceTimeout); err != nil && ctx.Err() == nil {
		p.Log.WarnContext(ctx, "stop an unhealthy container", "container", one.container.ID, "error", err)
	}
	p.wakeReconcile()
}

// wakeReconcile has the next reconciliation come now.
func (p *Platform) wakeReconcile() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}
