package deployer

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/google/uuid"

	"github.com/paastech-cloud/paastech/paas"
)

// How often Keep asks again, and how long it waits in between.
const (
	keepTries = 50
	keepPause = 50 * time.Millisecond
)

// Launch creates and starts a container, pulling the image and making the project's network when they
// are not there.
func (e *Engine) Launch(ctx context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	found, err := e.image(ctx, spec.Image)
	if err != nil {
		return paas.Container{}, err
	}
	plan, err := containerConfig(spec, found, e.options)
	if err != nil {
		return paas.Container{}, err
	}
	name := containerName(spec)
	if err := e.create(ctx, spec.Project, plan, name); err != nil {
		return paas.Container{}, err
	}
	if err := e.start(ctx, name); err != nil {
		return paas.Container{}, errors.Join(err, e.discard(ctx, name))
	}
	started, err := e.inspect(ctx, paas.ContainerID(name))
	if err != nil {
		return paas.Container{}, errors.Join(err, e.discard(ctx, name))
	}
	return containerOf(started)
}

// create makes the container in its project's network. Nobody removes that network or the image
// meanwhile; the image may be gone since it was pulled.
func (e *Engine) create(ctx context.Context, project paas.ProjectID, plan blueprint, name string) error {
	defer e.lock(project)()
	if _, err := e.image(ctx, paas.ImageRef(plan.Config.Image)); err != nil {
		return err
	}
	if err := e.ensureProjectNetwork(ctx, project); err != nil {
		return err
	}
	bounded, cancel := e.within(ctx)
	defer cancel()
	_, err := e.docker.ContainerCreate(bounded, plan.Config, plan.Host, plan.Network, nil, name)
	if err == nil {
		return nil
	}
	// Docker may have made it though the answer did not come, so its name is what is removed.
	return errors.Join(translateImage(bounded, "create container", err), e.removeContainer(context.WithoutCancel(ctx), name))
}

// start starts a container when fewer than startsAtOnce are being started.
func (e *Engine) start(ctx context.Context, id string) error {
	select {
	case e.starts <- struct{}{}:
		defer func() { <-e.starts }()
	case <-ctx.Done():
		return fmt.Errorf("wait to start a container: %w", context.Cause(ctx))
	}
	ctx, cancel := e.within(ctx)
	defer cancel()
	return translateImage(ctx, "start container", e.docker.ContainerStart(ctx, id, container.StartOptions{}))
}

// discard removes a container whose start did not work, though the caller may have gone.
func (e *Engine) discard(ctx context.Context, name string) error {
	return e.Remove(context.WithoutCancel(ctx), paas.ContainerID(name))
}

// Keep tells Docker to start the container again whenever it ends or the host restarts.
func (e *Engine) Keep(ctx context.Context, id paas.ContainerID) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	policy := container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}}
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
	return translate(ctx, "keep container", err)
}

// Start starts a container that exists and does not run.
func (e *Engine) Start(ctx context.Context, id paas.ContainerID) error {
	return e.start(ctx, string(id))
}

// Stop sends SIGTERM, waits for grace, then sends SIGKILL.
func (e *Engine) Stop(ctx context.Context, id paas.ContainerID, grace time.Duration) error {
	seconds := int((grace + time.Second - 1) / time.Second)
	ctx, cancel := context.WithTimeoutCause(ctx, grace+e.options.CallTimeout, errSilent)
	defer cancel()
	err := e.docker.ContainerStop(ctx, string(id), container.StopOptions{Timeout: &seconds})
	return unlessGone(translate(ctx, "stop container", err))
}

// Remove removes a container, running or not, with what its project needs no more: images that no
// container is of (the registry keeps them), and after the last container the network.
func (e *Engine) Remove(ctx context.Context, id paas.ContainerID) error {
	found, err := e.inspect(ctx, id)
	if err != nil {
		return unlessGone(err)
	}
	e.samples.forget(paas.ContainerID(found.ID))
	if err := e.removeContainer(ctx, found.ID); err != nil {
		return err
	}
	return e.removeUnused(ctx, paas.ProjectID(found.Config.Labels[labelProject]))
}

// removeContainer returns when the container, named by id or name, is gone.
func (e *Engine) removeContainer(ctx context.Context, id string) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	err := e.docker.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if !errdefs.IsConflict(err) {
		return unlessGone(translate(ctx, "remove container", err))
	}
	// Somebody else is removing it already.
	removed, failed := e.docker.ContainerWait(ctx, id, container.WaitConditionRemoved)
	select {
	case <-removed:
		return nil
	case err := <-failed:
		return unlessGone(translate(ctx, "wait for the container to be removed", err))
	}
}

// unnameable is what Docker does not take in a name.
var unnameable = regexp.MustCompile(`[^a-zA-Z0-9_.-]`)

// containerName tells people at docker ps what they see; the last part makes it unique.
func containerName(spec paas.ContainerSpec) string {
	process := unnameable.ReplaceAllString(spec.Process, "-")
	return fmt.Sprintf("paastech-%s-v%d-%s-%s", spec.Project, spec.Deployment, process, uuid.NewString()[:8])
}
