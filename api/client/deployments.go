package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// Waiting says whether a call returns when its deployment is live or failed, or as soon as it has a number.
type Waiting int

// The two ways to wait.
const (
	Wait Waiting = iota
	NoWait
)

func (w Waiting) query() url.Values {
	if w == NoWait {
		return url.Values{"wait": {"false"}}
	}
	return url.Values{}
}

// Deploy redeploys the newest image; env, when not empty, replaces the stored variables first.
func (c *Client) Deploy(ctx context.Context, id paas.ProjectID, env paas.Env, wait Waiting) (wire.Deployment, error) {
	return content[wire.Deployment](ctx, c, request{method: http.MethodPatch, path: project(id, "deploy"), query: wait.query(), body: wire.Deploy{EnvVars: env}})
}

// Start starts a stopped project.
func (c *Client) Start(ctx context.Context, id paas.ProjectID, wait Waiting) (wire.Deployment, error) {
	return content[wire.Deployment](ctx, c, request{method: http.MethodPost, path: project(id, "start"), query: wait.query()})
}

// Restart replaces what runs by a fresh start of the same image.
func (c *Client) Restart(ctx context.Context, id paas.ProjectID, wait Waiting) (wire.Deployment, error) {
	return content[wire.Deployment](ctx, c, request{method: http.MethodPost, path: project(id, "restart"), query: wait.query()})
}

// Stop stops a project's containers; it returns when they have ended.
func (c *Client) Stop(ctx context.Context, id paas.ProjectID) error {
	_, err := content[wire.Project](ctx, c, request{method: http.MethodPost, path: project(id, "stop")})
	return err
}

// Sleep stops a project's containers, or only freezes them, until the next request; it returns when they
// have ended.
func (c *Client) Sleep(ctx context.Context, id paas.ProjectID, freeze bool) error {
	query := url.Values{}
	if freeze {
		query.Set("freeze", "true")
	}
	_, err := content[wire.Project](ctx, c, request{method: http.MethodPost, path: project(id, "sleep"), query: query})
	return err
}

// Wake wakes a project that sleeps; it returns when it takes requests.
func (c *Client) Wake(ctx context.Context, id paas.ProjectID) error {
	_, err := content[wire.Project](ctx, c, request{method: http.MethodPost, path: project(id, "wake")})
	return err
}

// Maintain has a project's requests answered with a page that says notice, or that it will be back soon.
func (c *Client) Maintain(ctx context.Context, id paas.ProjectID, notice string) error {
	_, err := content[wire.Project](ctx, c, request{method: http.MethodPost, path: project(id, "maintenance"), body: wire.Maintenance{Notice: notice}})
	return err
}

// Pause lets a project's requests wait until it is resumed.
func (c *Client) Pause(ctx context.Context, id paas.ProjectID) error {
	_, err := content[wire.Project](ctx, c, request{method: http.MethodPost, path: project(id, "pause")})
	return err
}

// Resume ends a project's maintenance or pause.
func (c *Client) Resume(ctx context.Context, id paas.ProjectID) error {
	_, err := content[wire.Project](ctx, c, request{method: http.MethodPost, path: project(id, "resume")})
	return err
}

// Deployments lists the newest of a project's deployments, at most 200.
func (c *Client) Deployments(ctx context.Context, id paas.ProjectID, limit int) ([]wire.Deployment, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	return content[[]wire.Deployment](ctx, c, request{method: http.MethodGet, path: project(id, "deployments"), query: query})
}

// Deployment returns one of a project's deployments.
func (c *Client) Deployment(ctx context.Context, id paas.ProjectID, number int) (wire.Deployment, error) {
	return content[wire.Deployment](ctx, c, request{method: http.MethodGet, path: project(id, "deployments", strconv.Itoa(number))})
}

// EnvOptions say which variables are meant and what follows their change.
type EnvOptions struct {
	Build  bool  // those of builds, not of the application
	Deploy *bool // roll the change out; nil means when the project is live
	Wait   Waiting

	Revision string // not empty: change only the set that has it
}

func (o EnvOptions) query() url.Values {
	query := o.Wait.query()
	if o.Build {
		query.Set("build", "true")
	}
	if o.Deploy != nil {
		query.Set("deploy", strconv.FormatBool(*o.Deploy))
	}
	if o.Revision != "" {
		query.Set("revision", o.Revision)
	}
	return query
}

// Env returns a project's variables: the application's or, with build, those of its builds.
func (c *Client) Env(ctx context.Context, id paas.ProjectID, options EnvOptions) (paas.Env, error) {
	set, err := content[wire.Env](ctx, c, request{method: http.MethodGet, path: project(id, "env"), query: options.query()})
	return set.Env, err
}

// ReplaceEnv makes env the whole set. The answer's deployment is nil when nothing had to be rolled out.
func (c *Client) ReplaceEnv(ctx context.Context, id paas.ProjectID, env paas.Env, options EnvOptions) (wire.Env, error) {
	return content[wire.Env](ctx, c, request{method: http.MethodPut, path: project(id, "env"), query: options.query(), body: wire.NewEnv{Env: env}})
}

// SetEnv sets variables; nil removes one.
func (c *Client) SetEnv(ctx context.Context, id paas.ProjectID, changes map[string]*paas.Secret, options EnvOptions) (wire.Env, error) {
	return content[wire.Env](ctx, c, request{method: http.MethodPatch, path: project(id, "env"), query: options.query(), body: wire.EnvChange{Env: changes}})
}
