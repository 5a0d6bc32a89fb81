package paas

import (
	"context"
	"strings"
	"sync"
	"time"
)

// alarm remembers of what administrators were told, and when. A restart forgets it: then they are told once
// more.
type alarm struct {
	every time.Duration // they are told of the same again

	mu   sync.Mutex
	told map[string]time.Time // guarded by mu
}

func newAlarm(every time.Duration) *alarm {
	return &alarm{every: every, told: map[string]time.Time{}}
}

// due tells whether it is time to tell of a name, and takes it as told.
func (a *alarm) due(name string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, was := a.told[name]; was && now.Sub(last) < a.every {
		return false
	}
	a.told[name] = now
	return true
}

// end forgets a name with which all is as it should be: the next trouble is news.
func (a *alarm) end(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.told, name)
}

func (p *Platform) mailAdministrators(ctx context.Context, kind MailKind, detail string) error {
	users, err := p.Store.Users(ctx)
	if err != nil {
		return err
	}
	for _, user := range users {
		if !user.IsAdmin {
			continue
		}
		mail := p.newMail(kind, user.Email, user.Username)
		mail.Detail = detail
		if err := p.Store.EnqueueMail(ctx, mail); err != nil {
			return err
		}
	}
	p.outbox.wake()
	return nil
}

// asSentence begins what is wrong with a capital and ends it with a full stop.
func asSentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
