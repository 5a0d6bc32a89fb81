package deployer

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/google/uuid"

	"github.com/paastech-cloud/paastech/paas"
)

// Launch creates and starts a container, pulling the image and making the project's network and volumes
// when they are not there.
func (e *Engine) Launch(ctx context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	plan, err := e.blueprint(ctx, spec)
	if err != nil {
		return paas.Container{}, err
	}
	name := containerName(spec)
	if err := e.create(ctx, spec, plan, name); err != nil {
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

// blueprint fetches the image and maps the container to Docker's words.
func (e *Engine) blueprint(ctx context.Context, spec paas.ContainerSpec) (blueprint, error) {
	found, err := e.image(ctx, spec.Image)
	if err != nil {
		return blueprint{}, err
	}
	if err := checkArchitecture(found.Architecture); err != nil {
		return blueprint{}, err
	}
	return containerConfig(spec, found, e.options)
}

// create makes the container; when that does not work, nothing was made for it alone.
func (e *Engine) create(ctx context.Context, spec paas.ContainerSpec, plan blueprint, name string) error {
	err := e.createWithin(ctx, spec, plan, name)
	if err != nil {
		err = errors.Join(err, e.removeUnusedNetwork(context.WithoutCancel(ctx), spec.Project))
	}
	return err
}

// createWithin makes the container in its project's network. Nobody removes that network, the volumes or
// the image meanwhile; the image may be gone since it was pulled.
func (e *Engine) createWithin(ctx context.Context, spec paas.ContainerSpec, plan blueprint, name string) error {
	defer e.lock(spec.Project)()
	if _, err := e.image(ctx, spec.Image); err != nil {
		return err
	}
	if err := e.ensureProjectNetwork(ctx, spec.Project); err != nil {
		return err
	}
	if err := e.ensureVolumes(ctx, spec, plan.Config.User); err != nil {
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

// Remove removes a container, running or not, and after a project's last container its network. Images
// and volumes stay.
func (e *Engine) Remove(ctx context.Context, id paas.ContainerID) error {
	found, err := e.inspect(ctx, id)
	if err != nil {
		return unlessGone(err)
	}
	e.samples.forget(paas.ContainerID(found.ID))
	e.endings.expect(found.ID)
	if err := e.removeContainer(ctx, found.ID); err != nil {
		return err
	}
	return e.removeUnusedNetwork(ctx, paas.ProjectID(found.Config.Labels[labelProject]))
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
	return fmt.Sprintf("paastech-%s-v%d-%s.%d-%s", spec.Project, spec.Deployment, process, max(spec.Index, 1), uuid.NewString()[:8])
}
