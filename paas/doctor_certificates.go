package paas

import (
	"context"
	"fmt"
	"time"
)

// examineCertificates looks for names that clients will be warned of.
func (p *Platform) examineCertificates(ctx context.Context, _ decided, check *Check) error {
	all := p.Router.Certificates(ctx)
	check.Summary = counted(len(all), "certificate")
	if len(all) == 0 {
		check.Summary = "none: nothing is served over TLS, or nobody has come yet"
	}
	for _, one := range all {
		if one.Expires(p.now()) {
			check.Find(ECertificate, "paastech admin certificates", one.concern(p.now()))
		}
	}
	return nil
}

// concern says what is wrong with a certificate.
func (c Certificate) concern(now time.Time) string {
	text := fmt.Sprintf("%s has no certificate", c.Name)
	switch {
	case c.NotAfter.IsZero():
	case !now.Before(c.NotAfter):
		text = fmt.Sprintf("the certificate of %s has ended on %s", c.Name, c.NotAfter.UTC().Format(time.DateOnly))
	default:
		text = fmt.Sprintf("the certificate of %s ends on %s", c.Name, c.NotAfter.UTC().Format(time.DateOnly))
	}
	if c.Error != "" {
		text += "; the last attempt to get one said: " + c.Error
	}
	return text
}
