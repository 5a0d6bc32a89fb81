package certificate

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
)

var errLater = errors.New("getting its certificate failed a moment ago; it is tried again later")

// certificate is a client's. One that is not there is got while the client waits, once for all who
// want it; certmagic's own way of doing that tries again for minutes behind a client's back.
func (k *Keeper) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	found, err := k.magic.GetCertificate(hello)
	if err == nil || hello.ServerName == "" {
		return found, err
	}
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if !certmagic.SubjectQualifiesForCert(name) {
		return nil, err
	}
	if _, err, _ := k.orders.Do(name, func() (any, error) { return nil, k.obtain(hello.Context(), name) }); err != nil {
		return nil, err
	}
	return k.magic.GetCertificate(hello)
}

// obtain reads a certificate that was got earlier, or orders one.
func (k *Keeper) obtain(ctx context.Context, name string) error {
	// The client that asked first may go, the others still wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), obtainTimeout)
	defer cancel()
	if k.failures.waits(name, time.Now()) {
		return errLater
	}
	if err := k.options.Allowed(ctx, name); err != nil {
		k.options.Log.DebugContext(ctx, "no certificate", "name", name, "reason", err)
		return err
	}
	if err := k.magic.ObtainCertSync(ctx, name); err != nil {
		return err
	}
	_, err := k.magic.CacheManagedCertificate(ctx, name)
	return err
}
