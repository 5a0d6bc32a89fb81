package deployer

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// Await returns when the container answers, when it has ended, or when the probe's deadline has passed.
func (e *Engine) Await(ctx context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	found, err := e.inspect(ctx, id)
	if err != nil {
		return paas.Readiness{}, err
	}
	told, err := decodeLabels(found.Config.Labels)
	if err != nil {
		return paas.Readiness{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, probe.Deadline)
	defer cancel()
	asker := prober{address: address(found), host: told.Hostname, ports: probe.Ports, patience: probe.Deadline / 3}
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
	}
	return e.judge(ctx, id, seen)
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
