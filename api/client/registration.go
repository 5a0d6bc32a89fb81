package client

import (
	"context"
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// Register makes an account that waits for its address to be confirmed.
func (c *Client) Register(ctx context.Context, account wire.Register) (wire.Registered, error) {
	return content[wire.Registered](ctx, c.WithToken(""), request{method: http.MethodPost, path: []string{"auth", "register"}, body: account})
}

// Challenge poses the puzzle that registering asks for; NotFound when it asks for none.
func (c *Client) Challenge(ctx context.Context) (paas.Puzzle, error) {
	posed, err := content[wire.Challenge](ctx, c.WithToken(""), request{method: http.MethodGet, path: []string{"auth", "challenge"}})
	return paas.Puzzle{Text: posed.Text, Bits: posed.Bits, Until: posed.Until}, err
}

// Confirm verifies the address that a link's token was mailed to.
func (c *Client) Confirm(ctx context.Context, token paas.Secret) (wire.Registered, error) {
	return content[wire.Registered](ctx, c.WithToken(""), request{method: http.MethodPost, path: []string{"auth", "confirm", token.Reveal()}})
}

// ResendConfirmation asks for the confirmation mail again.
func (c *Client) ResendConfirmation(ctx context.Context, email string) error {
	_, err := content[wire.Nothing](ctx, c.WithToken(""), request{method: http.MethodPost, path: []string{"auth", "confirm", "resend"}, body: wire.Address{Email: email}})
	return err
}

// RequestReset asks for a mail with a link to choose a new password.
func (c *Client) RequestReset(ctx context.Context, email string) error {
	_, err := content[wire.Nothing](ctx, c.WithToken(""), request{method: http.MethodPost, path: []string{"auth", "password", "request"}, body: wire.Address{Email: email}})
	return err
}

// ResetPassword chooses a new password by a mailed link's token.
func (c *Client) ResetPassword(ctx context.Context, token, password paas.Secret) error {
	_, err := content[wire.Nothing](ctx, c.WithToken(""), request{
		method: http.MethodPost, path: []string{"auth", "password", "reset", token.Reveal()}, body: wire.Reset{Password: password, Verification: password},
	})
	return err
}

// ChangeProfile changes one's own account.
func (c *Client) ChangeProfile(ctx context.Context, change wire.ProfileChange) (wire.UserDetails, error) {
	return content[wire.UserDetails](ctx, c, request{method: http.MethodPatch, path: []string{"users", "my"}, body: change})
}

// ChangePassword replaces one's own password; the session returned takes the place of all others.
func (c *Client) ChangePassword(ctx context.Context, current, password paas.Secret) (wire.Session, error) {
	body := wire.PasswordChange{Current: current, Password: password}
	return content[wire.Session](ctx, c, request{method: http.MethodPost, path: []string{"users", "my", "password"}, body: body})
}

// DeleteAccount deletes one's own account and everything of it.
func (c *Client) DeleteAccount(ctx context.Context, password paas.Secret) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: []string{"users", "my"}, body: wire.Password{Password: password}})
	return err
}

// MyDeletion says what deleting one's own account would take along.
func (c *Client) MyDeletion(ctx context.Context) (wire.Deletion, error) {
	return content[wire.Deletion](ctx, c, request{method: http.MethodGet, path: []string{"users", "my", "deletion"}})
}

// MyLimits says what one may use and does.
func (c *Client) MyLimits(ctx context.Context) (wire.Allowance, error) {
	return content[wire.Allowance](ctx, c, request{method: http.MethodGet, path: []string{"users", "my", "limits"}})
}

// Tokens lists one's own API tokens, at most 50.
func (c *Client) Tokens(ctx context.Context) ([]wire.Token, error) {
	return content[[]wire.Token](ctx, c, request{method: http.MethodGet, path: []string{"tokens"}})
}

// CreateToken makes an API token; its secret is in this answer alone.
func (c *Client) CreateToken(ctx context.Context, token wire.NewToken) (wire.Token, error) {
	return content[wire.Token](ctx, c, request{method: http.MethodPost, path: []string{"tokens"}, body: token})
}

// DeleteToken ends an API token.
func (c *Client) DeleteToken(ctx context.Context, id paas.TokenID) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: []string{"tokens", string(id)}})
	return err
}

// ProjectDeletion says what deleting a project would take along.
func (c *Client) ProjectDeletion(ctx context.Context, id paas.ProjectID) (wire.Deletion, error) {
	return content[wire.Deletion](ctx, c, request{method: http.MethodGet, path: project(id, "deletion")})
}
