package paas

import "context"

// errNoCA says that there is nothing to trust.
var errNoCA = Errorf(NotFound, ENotFound, "The certificates of this installation are not of a CA of its own: clients trust them already, or TLS is off (ingress.listenTLS, tls.issuer).")

// Certificates lists what clients are shown over TLS, by name, and what could not be got.
func (p *Platform) Certificates(ctx context.Context) []Certificate { return p.Router.Certificates(ctx) }

// CARoot is what clients have to trust, in PEM. NotFound when no CA of the installation's own is used.
func (p *Platform) CARoot() ([]byte, error) {
	root := p.Router.CARoot()
	if len(root) == 0 {
		return nil, errNoCA
	}
	return root, nil
}
