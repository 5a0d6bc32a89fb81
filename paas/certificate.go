package paas

import (
	"strings"
	"time"
)

// Certificate is what the ingress shows for a name, or why it has nothing to show.
type Certificate struct {
	Name     string    // may be a wildcard
	Issuer   string    // common name of who signed it; empty when there is none
	NotAfter time.Time // zero when there is none
	Managed  bool      // it is renewed by itself
	Error    string    // of the last attempt, when that failed
	ErrorAt  time.Time
}

// expiryAlarm is before a certificate's end, as a part of what is usual, and at the most.
const expiryAlarm = 14 * 24 * time.Hour

// Expires tells whether somebody should do something about it: one that is renewed by itself is late
// when the renewal failed and less than the alarm's time is left; others end unless they are replaced.
func (c Certificate) Expires(now time.Time) bool {
	if c.NotAfter.IsZero() {
		return c.Error != ""
	}
	return c.NotAfter.Sub(now) < expiryAlarm && (!c.Managed || c.Error != "") || !now.Before(c.NotAfter)
}

// CompareCertificateNames sorts names from their end: those of one domain are together.
func CompareCertificateNames(a, b string) int {
	return strings.Compare(reversed(a), reversed(b))
}

func reversed(name string) string {
	labels := strings.Split(name, ".")
	var b strings.Builder
	for i := len(labels) - 1; i >= 0; i-- {
		b.WriteString(labels[i])
		b.WriteByte('.')
	}
	return b.String()
}
