package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// Users lists all accounts, for administrators.
func (c *Client) Users(ctx context.Context) ([]wire.UserDetails, error) {
	return content[[]wire.UserDetails](ctx, c, request{method: http.MethodGet, path: []string{"users"}})
}

// User finds an account by its username.
func (c *Client) User(ctx context.Context, username string) (wire.UserDetails, error) {
	return content[wire.UserDetails](ctx, c, request{method: http.MethodGet, path: []string{"users", username}})
}

// CreateUser makes an account whose address counts as confirmed.
func (c *Client) CreateUser(ctx context.Context, account wire.NewUser) (wire.UserDetails, error) {
	return content[wire.UserDetails](ctx, c, request{method: http.MethodPost, path: []string{"users"}, body: account})
}

// DeleteUser deletes an account and everything of it.
func (c *Client) DeleteUser(ctx context.Context, username string) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: []string{"users", username}})
	return err
}

// UserDeletion says what deleting an account would take along.
func (c *Client) UserDeletion(ctx context.Context, username string) (wire.Deletion, error) {
	return content[wire.Deletion](ctx, c, request{method: http.MethodGet, path: []string{"users", username, "deletion"}})
}

// SetAdmin gives or takes an administrator's rights.
func (c *Client) SetAdmin(ctx context.Context, username string, admin bool) (wire.UserDetails, error) {
	method := http.MethodDelete
	if admin {
		method = http.MethodPut
	}
	return content[wire.UserDetails](ctx, c, request{method: method, path: []string{"users", username, "admin"}})
}

// SetLimits gives a user limits of their own; nil takes them back to the usual ones.
func (c *Client) SetLimits(ctx context.Context, username string, limits *paas.UserLimits) (wire.UserDetails, error) {
	return content[wire.UserDetails](ctx, c, request{method: http.MethodPut, path: []string{"users", username, "limits"}, body: wire.NewLimits{Limits: limits}})
}

// Invites lists the invitations that are open.
func (c *Client) Invites(ctx context.Context) ([]wire.Invite, error) {
	return content[[]wire.Invite](ctx, c, request{method: http.MethodGet, path: []string{"admin", "invites"}})
}

// CreateInvite makes an invitation; with an address its link is mailed there.
func (c *Client) CreateInvite(ctx context.Context, wanted wire.NewInvite) (wire.Invite, error) {
	return content[wire.Invite](ctx, c, request{method: http.MethodPost, path: []string{"admin", "invites"}, body: wanted})
}

// DeleteInvite takes an invitation back.
func (c *Client) DeleteInvite(ctx context.Context, id paas.InviteID) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: []string{"admin", "invites", string(id)}})
	return err
}

// Overview is the platform at a glance.
func (c *Client) Overview(ctx context.Context) (wire.Overview, error) {
	return content[wire.Overview](ctx, c, request{method: http.MethodGet, path: []string{"admin", "overview"}})
}

// Settings lists what the platform's configuration says, without secrets.
func (c *Client) Settings(ctx context.Context) ([]wire.Setting, error) {
	return content[[]wire.Setting](ctx, c, request{method: http.MethodGet, path: []string{"admin", "settings"}})
}

// Certificates lists what clients are shown over TLS, and what could not be got.
func (c *Client) Certificates(ctx context.Context) ([]wire.Certificate, error) {
	return content[[]wire.Certificate](ctx, c, request{method: http.MethodGet, path: []string{"admin", "certificates"}})
}

// CARoot is the CA certificate, in PEM, that clients have to trust.
func (c *Client) CARoot(ctx context.Context) (wire.CA, error) {
	return content[wire.CA](ctx, c, request{method: http.MethodGet, path: []string{"admin", "ca"}})
}

// Audit lists recorded changes, newest first; the next page begins at the cursor returned.
func (c *Client) Audit(ctx context.Context, name, target, cursor string) ([]wire.AuditEntry, string, error) {
	query := url.Values{}
	for key, value := range map[string]string{"name": name, "target": target, "cursor": cursor} {
		if value != "" {
			query.Set(key, value)
		}
	}
	answer, err := call[[]wire.AuditEntry](ctx, c, request{method: http.MethodGet, path: []string{"admin", "audit"}, query: query})
	return answer.Content, answer.NextCursor, err
}

// Doctor looks at every part of the platform and says what is not as it should be.
func (c *Client) Doctor(ctx context.Context) (paas.Examination, error) {
	return content[paas.Examination](ctx, c, request{method: http.MethodGet, path: []string{"admin", "doctor"}})
}

// Repair puts right what is safe to, and says what it did and what is left to find.
func (c *Client) Repair(ctx context.Context) (paas.Examination, error) {
	return content[paas.Examination](ctx, c, request{method: http.MethodPost, path: []string{"admin", "doctor", "repair"}})
}
