package paas

import (
	"context"
	"time"
)

// SetClock makes the platform live in another time; before Run.
func (p *Platform) SetClock(now func() time.Time) { p.now, p.limits = now, newLimits(now) }

// Clean does once what Run does every minute.
func (p *Platform) Clean(ctx context.Context) { p.clean(ctx) }

// Deliver works off the outbox once.
func (p *Platform) Deliver(ctx context.Context) error { return p.deliverDue(ctx) }
