package deployer

import (
	"context"

	"github.com/paastech-cloud/paastech/paas"
)

// Freeze takes the processor from a container's processes by the kernel's freezer.
func (e *Engine) Freeze(ctx context.Context, id paas.ContainerID) error {
	return e.setFrozen(ctx, id, true)
}

// Thaw gives it back.
func (e *Engine) Thaw(ctx context.Context, id paas.ContainerID) error {
	return e.setFrozen(ctx, id, false)
}

// setFrozen asks at once, which is quickest, and looks only when Docker refuses: it does for what is so
// already.
func (e *Engine) setFrozen(ctx context.Context, id paas.ContainerID, frozen bool) error {
	bounded, cancel := e.within(ctx)
	defer cancel()
	act, what := e.docker.ContainerUnpause, "thaw the container"
	if frozen {
		act, what = e.docker.ContainerPause, "freeze the container"
	}
	err := act(bounded, string(id))
	if err == nil {
		return nil
	}
	if found, lookErr := e.inspect(ctx, id); lookErr == nil && found.State.Running && found.State.Paused == frozen {
		return nil
	}
	return translate(bounded, what, err)
}
