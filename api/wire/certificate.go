package wire

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Certificate is what clients are shown for a name over TLS, or why there is nothing to show.
type Certificate struct {
	Name      string     `json:"name"`
	Issuer    string     `json:"issuer"`
	ExpiresAt *time.Time `json:"expiresAt"` // null when there is none
	Managed   bool       `json:"managed"`   // it is renewed by itself
	Error     string     `json:"error,omitempty"`
	FailedAt  *time.Time `json:"failedAt,omitempty"`
}

// CertificateOf shows a certificate.
func CertificateOf(c paas.Certificate) Certificate {
	return Certificate{Name: c.Name, Issuer: c.Issuer, ExpiresAt: whenKnown(c.NotAfter), Managed: c.Managed, Error: c.Error, FailedAt: whenKnown(c.ErrorAt)}
}

func whenKnown(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// CA is what clients have to trust.
type CA struct {
	Root string `json:"root"` // PEM
}
