package deployer

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// checkTimeout is for a question whose probe says nothing.
const checkTimeout = 5 * time.Second

// Await returns when the container is ready, when it has ended, or when the probe's deadline has passed.
func (e *Engine) Await(ctx context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	setDefault(&probe.Timeout, probe.Deadline/3)
	found, asker, err := e.prober(ctx, id, probe)
	if err != nil {
		return paas.Readiness{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, probe.Deadline)
	defer cancel()
	answers := make(chan paas.Readiness, 1)
	ends := make(chan error, 1)
	go func() { answers <- asker.run(bounded) }()
	go func() { ends <- e.waitForEnd(bounded, found.ID) }()
	var seen paas.Readiness
	select {
	case seen = <-answers:
		cancel()
		<-ends
	case err = <-ends:
		expired := bounded.Err() != nil
		cancel()
		seen = <-answers
		if err != nil && !expired {
			return seen, err
		}
		seen.Ready = seen.Ready && len(probe.Ports) > 0 // what only has to live has not
	}
	return e.judge(ctx, id, seen)
}

// Check asks a running container once, within the probe's Timeout. Without ports it is well when it runs.
func (e *Engine) Check(ctx context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	setDefault(&probe.Timeout, checkTimeout)
	found, asker, err := e.prober(ctx, id, probe)
	if err != nil {
		return paas.Readiness{}, err
	}
	var seen paas.Readiness
	if found.State.Running && !found.State.Restarting {
		bounded, cancel := context.WithTimeout(ctx, probe.Timeout)
		defer cancel()
		seen.Ready = len(probe.Ports) == 0
		asker.once(bounded, &seen)
	}
	return e.judge(ctx, id, seen)
}

// prober makes who asks a container.
func (e *Engine) prober(ctx context.Context, id paas.ContainerID, probe paas.Probe) (container.InspectResponse, prober, error) {
	found, err := e.inspect(ctx, id)
	if err != nil {
		return found, prober{}, err
	}
	told, err := decodeLabels(found.Config.Labels)
	return found, prober{address: address(found), host: told.Hostname, probe: probe}, err
}

// waitForEnd returns when the container does not run; an error means that Docker does not say.
func (e *Engine) waitForEnd(ctx context.Context, id string) error {
	ended, broken := e.docker.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case <-ended:
		return nil
	case err := <-broken:
		return translate(ctx, "wait for the container", err)
	}
}

// judge adds to what the prober saw what Docker and the kernel know, unless the container is ready.
func (e *Engine) judge(ctx context.Context, id paas.ContainerID, seen paas.Readiness) (paas.Readiness, error) {
	if seen.Ready {
		return seen, nil
	}
	if ctx.Err() != nil {
		return seen, fmt.Errorf("wait for the container: %w", context.Cause(ctx))
	}
	found, err := e.inspect(ctx, id)
	if err != nil {
		return seen, err
	}
	seen.OOMKilled = found.State.OOMKilled
	if !found.State.Running {
		seen.Ended = true
		seen.ExitCode = found.State.ExitCode
		return seen, nil
	}
	if process, ok := processOf(found.ID, found.State.Pid); ok {
		seen.OOMKilled = seen.OOMKilled || process.oomKilled()
		seen.Listeners = process.listeners()
	}
	return seen, nil
}
