package paas

import (
	"context"
	"time"
)

// certificateAlarmEvery is how often administrators are told of the same certificate.
const certificateAlarmEvery = 7 * 24 * time.Hour

// warnOfCertificates mails every administrator, once a week, of certificates that end and are not renewed.
func (p *Platform) warnOfCertificates(ctx context.Context) error {
	now := p.now()
	for _, one := range p.Router.Certificates(ctx) {
		if !one.Expires(now) {
			p.certificateAlarm.end(one.Name)
			continue
		}
		if !p.certificateAlarm.due(one.Name, now) {
			continue
		}
		p.Log.WarnContext(ctx, "a certificate needs somebody", "name", one.Name, "ends", one.NotAfter, "error", one.Error)
		if err := p.mailAdministrators(ctx, MailCertificate, asSentence(one.concern(now))); err != nil {
			p.certificateAlarm.end(one.Name)
			return err
		}
	}
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
