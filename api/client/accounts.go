package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// Health tells whether the server and its database answer.
func (c *Client) Health(ctx context.Context) (wire.Heartbeat, error) {
	return content[wire.Heartbeat](ctx, c, request{method: http.MethodGet, path: []string{"healthz"}})
}

// Info says what the server is: version, addresses, host keys.
func (c *Client) Info(ctx context.Context) (wire.Info, error) {
	return content[wire.Info](ctx, c, request{method: http.MethodGet, path: []string{"info"}})
}

// Document is the API's description of itself, in OpenAPI 3.1.
func (c *Client) Document(ctx context.Context) (json.RawMessage, error) {
	return c.document(ctx, "openapi.json")
}

// AppSchema is the JSON Schema of paastech/app.yaml.
func (c *Client) AppSchema(ctx context.Context) (json.RawMessage, error) {
	return c.document(ctx, "app.schema.json")
}

func (c *Client) document(ctx context.Context, name string) (json.RawMessage, error) {
	response, err := c.send(ctx, request{method: http.MethodGet, path: []string{name}})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, c.lost(ctx, err)
	}
	return text, nil
}

// Login starts a session; WithToken uses its token.
func (c *Client) Login(ctx context.Context, email string, password paas.Secret) (wire.Session, error) {
	body := wire.Login{Email: email, Password: password}
	return content[wire.Session](ctx, c.WithToken(""), request{method: http.MethodPost, path: []string{"auth", "login"}, body: body})
}

// Logout ends the session of this client's token.
func (c *Client) Logout(ctx context.Context) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodPost, path: []string{"auth", "logout"}})
	return err
}

// Me is the account that is logged in.
func (c *Client) Me(ctx context.Context) (wire.User, error) {
	return content[wire.User](ctx, c, request{method: http.MethodGet, path: []string{"users", "my"}})
}

// Keys lists one's own SSH keys, oldest first.
func (c *Client) Keys(ctx context.Context) ([]wire.Key, error) {
	return content[[]wire.Key](ctx, c, request{method: http.MethodGet, path: []string{"sshkeys", "my"}})
}

// AddKey adds an SSH key, one authorized_keys line; an empty name means the key's comment.
func (c *Client) AddKey(ctx context.Context, value, name string) (wire.Key, error) {
	body := wire.NewKey{Value: value, Name: name}
	return content[wire.Key](ctx, c, request{method: http.MethodPost, path: []string{"sshkeys", "my"}, body: body})
}

// AllKeys lists everybody's SSH keys, for administrators.
func (c *Client) AllKeys(ctx context.Context) ([]wire.Key, error) {
	return content[[]wire.Key](ctx, c, request{method: http.MethodGet, path: []string{"sshkeys"}})
}

// RemoveKey removes one of one's own SSH keys.
func (c *Client) RemoveKey(ctx context.Context, id paas.KeyID) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: []string{"sshkeys", "my", string(id)}})
	return err
}
