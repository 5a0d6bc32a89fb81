package deployer

import (
	"context"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// How often a restart policy is set again, and how long the engine waits in between.
const (
	keepTries = 50
	keepPause = 50 * time.Millisecond
)

// Keep tells Docker to start the container again whenever it ends or the host restarts.
func (e *Engine) Keep(ctx context.Context, id paas.ContainerID) error {
	return e.setPolicy(ctx, id, container.RestartPolicyUnlessStopped)
}

// Start starts a container that exists and does not run, and keeps it. Its volumes may have been
// unmounted since, by a reboot.
func (e *Engine) Start(ctx context.Context, id paas.ContainerID) error {
	found, err := e.inspect(ctx, id)
	if err != nil {
		return err
	}
	if err := e.mountAgain(ctx, found); err != nil {
		return err
	}
	if err := e.Keep(ctx, id); err != nil {
		return err
	}
	return e.start(ctx, string(id))
}

// Stop sends SIGTERM, waits for grace, then sends SIGKILL. Docker is told first not to start the
// container again: one that keeps ending would otherwise come back.
func (e *Engine) Stop(ctx context.Context, id paas.ContainerID, grace time.Duration) error {
	if err := e.setPolicy(ctx, id, container.RestartPolicyDisabled); err != nil {
		return unlessGone(err)
	}
	e.endings.expect(string(id))
	seconds := int((grace + time.Second - 1) / time.Second)
	ctx, cancel := context.WithTimeoutCause(ctx, grace+e.options.CallTimeout, errSilent)
	defer cancel()
	err := e.docker.ContainerStop(ctx, string(id), container.StopOptions{Timeout: &seconds})
	return unlessGone(translate(ctx, "stop container", err))
}

func (e *Engine) setPolicy(ctx context.Context, id paas.ContainerID, name container.RestartPolicyMode) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	policy := container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: name}}
	var err error
	for range keepTries {
		// Docker refuses in the moment in which a container has ended and it has not noticed.
		if _, err = e.docker.ContainerUpdate(ctx, string(id), policy); err == nil || !strings.Contains(err.Error(), "Cannot update container") {
			break
		}
		select {
		case <-time.After(keepPause):
		case <-ctx.Done():
		}
	}
	return translate(ctx, "set the restart policy of the container", err)
}
