package client

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/socket"
)

// Local talks to the daemon of this host over its unix socket, as its administrator: with what
// administrators may, and what only who has the host may.
type Local struct{ *Client }

// NewLocal makes a client of the socket at path; it is dialled with the first call.
func NewLocal(path string) *Local {
	transport := &http.Transport{
		DialContext:  func(ctx context.Context, _, _ string) (net.Conn, error) { return socket.Dial(ctx, path) },
		MaxIdleConns: 1,
	}
	return &Local{&Client{base: url.URL{Scheme: "http", Host: "paastech.sock"}, name: path, http: stay(transport)}}
}

// Ping tells whether the daemon answers.
func (l *Local) Ping(ctx context.Context) (wire.Heartbeat, error) {
	return content[wire.Heartbeat](ctx, l.Client, request{method: http.MethodGet, path: []string{"admin", "health"}})
}

// SetPassword gives a user a new password and ends all of the user's sessions.
func (l *Local) SetPassword(ctx context.Context, username string, password paas.Secret) error {
	_, err := content[wire.Nothing](ctx, l.Client, request{
		method: http.MethodPost, path: []string{"admin", "users", username, "password"}, body: wire.NewPassword{Password: password},
	})
	return err
}

// Mails lists what the outbox keeps, newest first.
func (l *Local) Mails(ctx context.Context) ([]wire.Mail, error) {
	return content[[]wire.Mail](ctx, l.Client, request{method: http.MethodGet, path: []string{"admin", "mails"}})
}

// Mail reads one kept mail.
func (l *Local) Mail(ctx context.Context, id paas.MailID) (wire.Mail, error) {
	return content[wire.Mail](ctx, l.Client, request{method: http.MethodGet, path: []string{"admin", "mails", string(id)}})
}

// RotateKey makes a new key and encrypts with it what is encrypted at rest.
func (l *Local) RotateKey(ctx context.Context) error {
	_, err := content[wire.Nothing](ctx, l.Client, request{method: http.MethodPost, path: []string{"admin", "rotate-key"}})
	return err
}
