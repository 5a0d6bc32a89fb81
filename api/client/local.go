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

// Local talks to the daemon of this host over its unix socket, as its administrator.
type Local struct{ client *Client }

// NewLocal makes a client of the socket at path; it is dialled with the first call.
func NewLocal(path string) *Local {
	transport := &http.Transport{
		DialContext:  func(ctx context.Context, _, _ string) (net.Conn, error) { return socket.Dial(ctx, path) },
		MaxIdleConns: 1,
	}
	return &Local{&Client{base: url.URL{Scheme: "http", Host: "paastech.sock"}, name: path, http: stay(transport)}}
}

// Ping tells whether the daemon answers.
func (l *Local) Ping(ctx context.Context) (wire.Health, error) {
	return content[wire.Health](ctx, l.client, request{method: http.MethodGet, path: []string{"admin", "health"}})
}

// CreateUser makes an account whose address counts as confirmed.
func (l *Local) CreateUser(ctx context.Context, account wire.NewUser) (wire.User, error) {
	return content[wire.User](ctx, l.client, request{method: http.MethodPost, path: []string{"admin", "users"}, body: account})
}

// SetPassword gives a user a new password and ends all of the user's sessions.
func (l *Local) SetPassword(ctx context.Context, username string, password paas.Secret) error {
	_, err := content[wire.Nothing](ctx, l.client, request{
		method: http.MethodPost, path: []string{"admin", "users", username, "password"}, body: wire.NewPassword{Password: password},
	})
	return err
}

// Users lists all accounts.
func (l *Local) Users(ctx context.Context) ([]wire.User, error) {
	return content[[]wire.User](ctx, l.client, request{method: http.MethodGet, path: []string{"admin", "users"}})
}
