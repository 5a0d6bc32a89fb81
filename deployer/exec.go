package deployer

import (
	"context"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// endPause is how long the engine waits before it asks again whether a command has ended whose output has.
const endPause = 10 * time.Millisecond

// Exec runs a command in a running container, as its own user, until the command or ctx ends. In an
// image from buildpacks the launcher runs it, so that it finds what the processes find. When ctx ends
// first, the command is killed with its children; a daemon that does not see the host's processes can
// only close its streams.
func (e *Engine) Exec(ctx context.Context, id paas.ContainerID, command []string, streams paas.Streams) (paas.Ending, error) {
	found, err := e.inspect(ctx, id)
	if err != nil {
		return paas.Ending{}, err
	}
	if found.Config.Labels[builtByBuildpacks] != "" {
		command = append([]string{launcher, "--"}, command...)
	}
	exec, err := e.createExec(ctx, id, command, streams)
	if err != nil {
		return paas.Ending{}, err
	}
	before := killsIn(found)
	connection, err := e.attached(ctx, func(ctx context.Context) (types.HijackedResponse, error) {
		return e.docker.ContainerExecAttach(ctx, exec, container.ExecAttachOptions{Tty: streams.Terminal != nil})
	})
	if err != nil {
		return paas.Ending{}, err
	}
	talk := conversation{streams: streams, connection: connection, resize: func(ctx context.Context, size container.ResizeOptions) error {
		return e.docker.ContainerExecResize(ctx, exec, size)
	}}
	if err := talk.hold(ctx); err != nil {
		e.killExec(context.WithoutCancel(ctx), found.ID, exec)
		return paas.Ending{}, err
	}
	code, err := e.execEnd(ctx, exec)
	return paas.Ending{ExitCode: code, OOMKilled: code == killed && killsIn(found) > before}, err
}

// killed is the exit code of what ended by SIGKILL.
const killed = 137

func (e *Engine) createExec(ctx context.Context, id paas.ContainerID, command []string, streams paas.Streams) (string, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	created, err := e.docker.ContainerExecCreate(ctx, string(id), container.ExecOptions{
		Cmd: command, Tty: streams.Terminal != nil,
		AttachStdin: streams.Input != nil, AttachStdout: true, AttachStderr: true,
	})
	return created.ID, translate(ctx, "prepare a command in a container", err)
}

func (e *Engine) inspectExec(ctx context.Context, exec string) (container.ExecInspect, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.ContainerExecInspect(ctx, exec)
	return found, translate(ctx, "inspect a command in a container", err)
}

// execEnd returns the exit code of a command that has closed its output, when Docker knows it.
func (e *Engine) execEnd(ctx context.Context, exec string) (int, error) {
	for {
		found, err := e.inspectExec(ctx, exec)
		if err != nil || !found.Running {
			return found.ExitCode, err
		}
		select {
		case <-time.After(endPause):
		case <-ctx.Done():
			e.killExec(context.WithoutCancel(ctx), found.ContainerID, exec)
			return 0, context.Cause(ctx)
		}
	}
}

// killExec kills a command whose caller has gone.
func (e *Engine) killExec(ctx context.Context, container, exec string) {
	found, err := e.inspectExec(ctx, exec)
	if err != nil || !found.Running {
		return
	}
	if process, ok := processOf(container, found.Pid); ok {
		process.kill(container)
	}
}

// killsIn counts what the kernel killed in a container for its memory.
func killsIn(found container.InspectResponse) int {
	process, ok := processOf(found.ID, found.State.Pid)
	if !ok {
		return 0
	}
	return process.oomKills()
}
