package deployer

import (
	"context"
	"fmt"
	"time"

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
	ended, broken := e.docker.ContainerWait(bounded, found.ID, container.WaitConditionNotRunning)
	asker := prober{address: address(found), host: told.Hostname, ports: probe.Ports, patience: probe.Deadline / 3}
	answers := make(chan paas.Readiness, 1)
	go func() { answers <- asker.run(bounded) }()
	select {
	case seen := <-answers:
		return e.judge(ctx, id, seen)
	case <-ended:
	case err = <-broken:
	}
	expired := bounded.Err() != nil
	cancel()
	seen := <-answers
	if err != nil && !expired {
		return seen, translate(ctx, "wait for the container", err)
	}
	return e.judge(ctx, id, seen)
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

// probeEvery is how long the prober rests: a refused connection costs next to nothing, and an
// application is to be found ready soon after its first good answer.
const probeEvery = 20 * time.Millisecond
