package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func project(id paas.ProjectID, below ...string) []string {
	return append([]string{"projects", string(id)}, below...)
}

// CreateProject makes a project and its empty repository.
func (c *Client) CreateProject(ctx context.Context, name string) (wire.Project, error) {
	return content[wire.Project](ctx, c, request{method: http.MethodPost, path: []string{"projects"}, body: wire.NewProject{Name: name}})
}

// Projects lists one's own projects, by name.
func (c *Client) Projects(ctx context.Context) ([]wire.Project, error) {
	return content[[]wire.Project](ctx, c, request{method: http.MethodGet, path: []string{"projects", "my"}})
}

// AllProjects lists everyone's projects, for administrators.
func (c *Client) AllProjects(ctx context.Context) ([]wire.Project, error) {
	return content[[]wire.Project](ctx, c, request{method: http.MethodGet, path: []string{"projects"}})
}

// Statuses asks for what projects show, by the first PaaSTech's names.
func (c *Client) Statuses(ctx context.Context, ids ...paas.ProjectID) ([]wire.ContainerStatus, error) {
	found, err := content[wire.Statuses](ctx, c, request{method: http.MethodPost, path: []string{"projects", "status"}, body: wire.StatusQuery{ContainerNames: ids}})
	return found.ContainerStatuses, err
}

// Project returns one project.
func (c *Client) Project(ctx context.Context, id paas.ProjectID) (wire.Project, error) {
	return content[wire.Project](ctx, c, request{method: http.MethodGet, path: project(id)})
}

// FindProject returns the project with this id, or one's own project with this name.
func (c *Client) FindProject(ctx context.Context, nameOrID string) (wire.Project, error) {
	if paas.IsProjectID(nameOrID) {
		return c.Project(ctx, paas.ProjectID(nameOrID))
	}
	all, err := c.Projects(ctx)
	if err != nil {
		return wire.Project{}, err
	}
	for _, one := range all {
		if one.Name == nameOrID {
			return one, nil
		}
	}
	return wire.Project{}, paas.Errorf(paas.NotFound, paas.ENotFound, "You have no project %q. `paastech projects ls` shows yours.", nameOrID)
}

// UpdateOptions say what a change of settings is meant for and when it is rolled out.
type UpdateOptions struct {
	Revision string // not empty: change only the settings that have it
	Later    bool   // leave them to the next deployment
}

func (o UpdateOptions) query() url.Values {
	query := url.Values{}
	if o.Revision != "" {
		query.Set("revision", o.Revision)
	}
	if o.Later {
		query.Set("deploy", "false")
	}
	return query
}

// UpdateProject changes a project's name, deploy branch or settings.
func (c *Client) UpdateProject(ctx context.Context, id paas.ProjectID, change wire.ProjectChange, options UpdateOptions) (wire.Project, error) {
	return content[wire.Project](ctx, c, request{method: http.MethodPatch, path: project(id), query: options.query(), body: change})
}

// DeleteProject removes a project with everything that belongs to it.
func (c *Client) DeleteProject(ctx context.Context, id paas.ProjectID) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: project(id)})
	return err
}

// Statistics measures what a project uses now.
func (c *Client) Statistics(ctx context.Context, id paas.ProjectID) (paas.Statistics, error) {
	return content[paas.Statistics](ctx, c, request{method: http.MethodGet, path: project(id, "statistics")})
}
