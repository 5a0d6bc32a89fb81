package client

import (
	"context"
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// Domains lists a project's domains.
func (c *Client) Domains(ctx context.Context, id paas.ProjectID) ([]wire.Domain, error) {
	return content[[]wire.Domain](ctx, c, request{method: http.MethodGet, path: project(id, "domains")})
}

// AddDomain claims a name for a project.
func (c *Client) AddDomain(ctx context.Context, id paas.ProjectID, domain wire.NewDomain) (wire.Domain, error) {
	return content[wire.Domain](ctx, c, request{method: http.MethodPost, path: project(id, "domains"), body: domain})
}

// CheckDomain has the DNS looked at now.
func (c *Client) CheckDomain(ctx context.Context, id paas.ProjectID, name string) (wire.Domain, error) {
	return content[wire.Domain](ctx, c, request{method: http.MethodPost, path: project(id, "domains", name, "check")})
}

// RemoveDomain gives a name up.
func (c *Client) RemoveDomain(ctx context.Context, id paas.ProjectID, name string) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: project(id, "domains", name)})
	return err
}
