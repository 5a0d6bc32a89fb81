package deployer

import (
	"context"
	"errors"
	"time"
)

// How fast the output of one container is read: a burst at full speed, then so many bytes a second, of
// which every message costs some that are not in it. An application that floods its log must not take the
// processor from its neighbours.
const (
	outputRate  = 1 << 20
	outputBurst = 1 << 20
	messageCost = 64
	restAtLeast = 20 * time.Millisecond
)

// outputLag is how far behind its container a slowed reader may fall before it passes lines over, and
// outputTail how many it then begins with.
const (
	outputLag  = 5 * time.Second
	outputTail = "1000"
)

// errBehind ends the reading of output that comes faster than it may be read.
var errBehind = errors.New("the output comes faster than it is read")

// pace bounds the rate of a reader. Bytes that were read take up time of a schedule, and the reader
// rests while that is ahead of the clock.
type pace struct {
	ctx     context.Context // of the reading loop that it slows
	due     time.Time       // until when what was read would have taken at the bounded rate
	backlog int64           // bytes that may be old without anything being wrong: what the engine keeps
}

// spend notes that a message of so many bytes with that time was read, and rests when there were too many. It returns
// errBehind when the reader then is too late to go on.
func (p *pace) spend(bytes int, written time.Time) error {
	now := time.Now()
	if earliest := now.Add(-timeFor(outputBurst)); p.due.Before(earliest) {
		p.due = earliest
	}
	p.due = p.due.Add(timeFor(bytes + messageCost))
	p.backlog -= int64(bytes)
	rest := p.due.Sub(now)
	if rest < restAtLeast {
		return nil
	}
	if p.backlog <= 0 && now.Sub(written) > outputLag {
		return errBehind
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.ctx.Done():
		return context.Cause(p.ctx)
	}
}

func timeFor(bytes int) time.Duration { return time.Duration(bytes) * time.Second / outputRate }
