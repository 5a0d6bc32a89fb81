package paas

import (
	"context"
	"strings"
	"sync"
	"time"
)

// certificateAlarmEvery is how often administrators are told of the same certificate.
const certificateAlarmEvery = 7 * 24 * time.Hour

// certificateAlarm remembers of which names administrators were told, and when. A restart forgets it:
// then they are told once more.
type certificateAlarm struct {
	mu   sync.Mutex
	told map[string]time.Time // guarded by mu
}

func newCertificateAlarm() *certificateAlarm {
	return &certificateAlarm{told: map[string]time.Time{}}
}

// due tells whether it is time to tell of a name, and takes it as told.
func (a *certificateAlarm) due(name string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, was := a.told[name]; was && now.Sub(last) < certificateAlarmEvery {
		return false
	}
	a.told[name] = now
	return true
}

// end forgets a name whose certificate is as it should be: the next trouble is news.
func (a *certificateAlarm) end(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.told, name)
}

// warnOfCertificates mails every administrator, once a week, of certificates that end and are not renewed.
func (p *Platform) warnOfCertificates(ctx context.Context) error {
	now := p.now()
	for _, one := range p.Router.Certificates(ctx) {
		if !one.Expires(now) {
			p.alarm.end(one.Name)
			continue
		}
		if !p.alarm.due(one.Name, now) {
			continue
		}
		p.Log.WarnContext(ctx, "a certificate needs somebody", "name", one.Name, "ends", one.NotAfter, "error", one.Error)
		if err := p.mailAdministrators(ctx, MailCertificate, asSentence(one.concern(now))); err != nil {
			p.alarm.end(one.Name)
			return err
		}
	}
	return nil
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

// certificateConcerns are the certificates that end and are not renewed, by name.
func (p *Platform) certificateConcerns(ctx context.Context) []Concern {
	var concerns []Concern
	for _, one := range p.Router.Certificates(ctx) {
		if one.Expires(p.now()) {
			concerns = append(concerns, Concern{About: AboutCertificate, Message: asSentence(one.concern(p.now()))})
		}
	}
	return concerns
}

// asSentence begins what is wrong with a capital and ends it with a full stop.
func asSentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
