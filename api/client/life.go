package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// Scale sets how many containers of each named process run. The answer's deployment is nil when
// nothing had to be rolled out.
func (c *Client) Scale(ctx context.Context, id paas.ProjectID, to paas.Formation, wait Waiting) (wire.Scaled, error) {
	return content[wire.Scaled](ctx, c, request{method: http.MethodPatch, path: project(id, "scale"), query: wait.query(), body: to})
}

// Plan says what deploying the newest image now would do.
func (c *Client) Plan(ctx context.Context, id paas.ProjectID) ([]wire.Operation, error) {
	return content[[]wire.Operation](ctx, c, request{method: http.MethodGet, path: project(id, "plan")})
}

// Rollback makes an earlier deployment the running version again, as a new deployment.
func (c *Client) Rollback(ctx context.Context, id paas.ProjectID, number int, wait Waiting) (wire.Deployment, error) {
	return content[wire.Deployment](ctx, c, request{method: http.MethodPost, path: project(id, "deployments", strconv.Itoa(number), "rollback"), query: wait.query()})
}

// Cancel ends a deployment that is not live yet.
func (c *Client) Cancel(ctx context.Context, id paas.ProjectID, number int) (wire.Deployment, error) {
	return content[wire.Deployment](ctx, c, request{method: http.MethodPost, path: project(id, "deployments", strconv.Itoa(number), "cancel")})
}

// Metrics reads what a project used and did; the range is a span like 1h, 24h or 7d.
func (c *Client) Metrics(ctx context.Context, id paas.ProjectID, over string) ([]wire.Sample, error) {
	return content[[]wire.Sample](ctx, c, request{method: http.MethodGet, path: project(id, "metrics"), query: url.Values{"range": {over}}})
}

// Volumes lists a project's volumes.
func (c *Client) Volumes(ctx context.Context, id paas.ProjectID) ([]wire.VolumeUse, error) {
	return content[[]wire.VolumeUse](ctx, c, request{method: http.MethodGet, path: project(id, "volumes")})
}

// RemoveVolume deletes a volume that no version uses.
func (c *Client) RemoveVolume(ctx context.Context, id paas.ProjectID, name string) error {
	_, err := content[wire.Nothing](ctx, c, request{method: http.MethodDelete, path: project(id, "volumes", name)})
	return err
}

// CronRuns lists when cron lines ran, newest first.
func (c *Client) CronRuns(ctx context.Context, id paas.ProjectID) ([]wire.CronRun, error) {
	return content[[]wire.CronRun](ctx, c, request{method: http.MethodGet, path: project(id, "cron")})
}
