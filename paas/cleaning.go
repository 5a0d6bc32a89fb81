package paas

import (
	"context"
	"time"
)

// cleanEvery is how often what has ended is removed.
const cleanEvery = time.Minute

// cleanLoop finishes deletions and removes what has ended: log-ins, invitations, accounts that nobody
// confirmed, old mails.
func (p *Platform) cleanLoop(ctx context.Context) error {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		p.clean(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (p *Platform) clean(ctx context.Context) {
	now := p.now()
	for _, chore := range []struct {
		what string
		do   func() error
	}{
		{"finish deletions", func() error { return p.finishDeletions(ctx) }},
		{"keep the disk free", func() error { return p.collectGarbage(ctx) }},
		{"warn of certificates", func() error { return p.warnOfCertificates(ctx) }},
		{"remove unverified accounts", func() error { return p.removeUnverified(ctx) }},
		{"remove ended sessions", func() error { return p.Store.DeleteSessionsBefore(ctx, now) }},
		{"remove old invitations", func() error { return p.Store.DeleteInvitesBefore(ctx, now) }},
		{"remove old mails", func() error { return p.Store.DeleteMailsBefore(ctx, now.Add(-keepMails)) }},
	} {
		if err := chore.do(); err != nil && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, chore.what, "error", err)
		}
	}
}
