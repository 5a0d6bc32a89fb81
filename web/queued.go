package web

import (
	"context"
	"errors"

	"github.com/paastech-cloud/paastech/paas"
)

// errQueued ends the watch over a deployment whose caller does not want to wait.
var errQueued = errors.New("queued, and nobody waits")

// Queued does what makes a deployment and returns as soon as that has its number; the deployment itself
// does not depend on the call. What is returned unqueued has its end already: nothing had to be changed.
func (c *Call) Queued(do func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error)) (deployment *paas.Deployment, queued bool, err error) {
	ctx, stop := c.Watching()
	defer stop(nil)
	var numbered *paas.Deployment
	deployment, err = do(ctx, func(d paas.Deployment) {
		numbered = &d
		stop(errQueued)
	})
	if numbered != nil {
		return numbered, true, nil
	}
	return deployment, false, err
}
