package client

import (
	"context"
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// Sessions lists one's log-ins that go on, newest first.
func (c *Client) Sessions(ctx context.Context) ([]wire.ActiveSession, error) {
	return content[[]wire.ActiveSession](ctx, c, request{method: http.MethodGet, path: []string{"sessions"}})
}

// EndSession ends one of one's log-ins.
func (c *Client) EndSession(ctx context.Context, id paas.SessionID) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: []string{"sessions", string(id)}})
	return err
}

// EndOtherSessions ends all of one's log-ins but this client's.
func (c *Client) EndOtherSessions(ctx context.Context) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: []string{"sessions"}})
	return err
}
