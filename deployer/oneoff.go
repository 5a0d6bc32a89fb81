package deployer

import (
	"context"
	"errors"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// Run runs a container to its end with its streams attached, and removes it, also when ctx ends first.
func (e *Engine) Run(ctx context.Context, spec paas.ContainerSpec, streams paas.Streams) (ending paas.Ending, err error) {
	spec.OneOff, spec.Hostname = true, ""
	plan, err := e.blueprint(ctx, spec)
	if err != nil {
		return paas.Ending{}, err
	}
	plan.attach(streams)
	name := containerName(spec)
	if err := e.create(ctx, spec, plan, name); err != nil {
		return paas.Ending{}, err
	}
	defer func() { err = errors.Join(err, e.discard(ctx, name)) }()
	return e.runAttached(ctx, name, streams)
}

// attach makes the container one whose streams somebody holds.
func (b blueprint) attach(streams paas.Streams) {
	b.Config.Tty = streams.Terminal != nil
	b.Config.AttachStdin, b.Config.OpenStdin, b.Config.StdinOnce = streams.Input != nil, streams.Input != nil, streams.Input != nil
	b.Config.AttachStdout, b.Config.AttachStderr = true, true
}

// runAttached attaches before it starts, so that nothing is missed.
func (e *Engine) runAttached(ctx context.Context, name string, streams paas.Streams) (paas.Ending, error) {
	connection, err := e.attached(ctx, func(ctx context.Context) (types.HijackedResponse, error) {
		return e.docker.ContainerAttach(ctx, name, container.AttachOptions{Stream: true, Stdin: streams.Input != nil, Stdout: true, Stderr: true})
	})
	if err != nil {
		return paas.Ending{}, err
	}
	if err := e.start(ctx, name); err != nil {
		connection.Close()
		return paas.Ending{}, err
	}
	talk := conversation{streams: streams, connection: connection, resize: func(ctx context.Context, size container.ResizeOptions) error {
		return e.docker.ContainerResize(ctx, name, size)
	}}
	if err := talk.hold(ctx); err != nil {
		return paas.Ending{}, err
	}
	if err := e.waitForEnd(ctx, name); err != nil {
		return paas.Ending{}, err
	}
	found, err := e.inspect(ctx, paas.ContainerID(name))
	if err != nil {
		return paas.Ending{}, err
	}
	return paas.Ending{ExitCode: found.State.ExitCode, OOMKilled: found.State.OOMKilled}, nil
}
