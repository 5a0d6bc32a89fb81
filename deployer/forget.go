package deployer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/paastech-cloud/paastech/paas"
)

// Forget removes the containers, the network, the pulled images and the volumes of a project. What is
// left when it is interrupted, the next call removes.
func (e *Engine) Forget(ctx context.Context, project paas.ProjectID) error {
	if project == "" {
		return fmt.Errorf("forget a project without an id")
	}
	if err := e.removeContainers(ctx, e.ours(labelProject+"="+string(project))); err != nil {
		return err
	}
	return errors.Join(
		e.removeUnusedNetwork(ctx, project),
		e.Retain(ctx, project, nil),
		e.forgetVolumes(ctx, project),
	)
}

// removeUnusedNetwork removes the network of a project that has no container.
func (e *Engine) removeUnusedNetwork(ctx context.Context, project paas.ProjectID) error {
	defer e.lock(project)()
	left, err := e.containersOf(ctx, project)
	if err != nil || len(left) > 0 {
		return err
	}
	return e.removeNetwork(ctx, projectNetwork(e.options.Instance, project))
}

// containersOf lists a project's containers, running or not.
func (e *Engine) containersOf(ctx context.Context, project paas.ProjectID) ([]container.Summary, error) {
	return e.summaries(ctx, e.ours(labelProject+"="+string(project), labelProcess))
}

// RemoveAll removes everything that carries this instance's label, its pulled images and its packet
// filter, and unmounts its volumes, in which everything stays. The registry is known by UseRegistry, or else by the images of the containers.
func (e *Engine) RemoveAll(ctx context.Context) error {
	registries, err := e.registries(ctx)
	if err != nil {
		return err
	}
	return errors.Join(
		e.removeContainers(ctx, e.ours()),
		e.removeNetworks(ctx),
		e.removeCaches(ctx),
		e.removeImages(ctx, registries),
		e.leaveVolumes(),
		e.filter.remove(),
	)
}

// registries are the addresses that this instance pulled images from.
func (e *Engine) registries(ctx context.Context) ([]string, error) {
	containers, err := e.summaries(ctx, e.ours(labelProcess))
	addresses := []string{e.registry.Load().address.String()}
	for _, one := range containers {
		address, _, _ := strings.Cut(one.Image, "/")
		if _, err := netip.ParseAddrPort(address); err == nil && !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses, err
}

func (e *Engine) removeContainers(ctx context.Context, which filters.Args) error {
	found, err := e.summaries(ctx, which)
	for _, one := range found {
		e.samples.forget(paas.ContainerID(one.ID))
		e.endings.expect(one.ID)
		err = errors.Join(err, e.removeContainer(ctx, one.ID))
	}
	return err
}

func (e *Engine) removeNetworks(ctx context.Context) error {
	found, err := e.networks(ctx, e.ours())
	for _, one := range found {
		err = errors.Join(err, e.removeNetwork(ctx, one.ID))
	}
	return err
}

// removeCaches removes the volumes that builds keep their caches in.
func (e *Engine) removeCaches(ctx context.Context) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.VolumeList(ctx, volume.ListOptions{Filters: e.ours()})
	err = translate(ctx, "list volumes", err)
	for _, one := range found.Volumes {
		removal := e.docker.VolumeRemove(ctx, one.Name, false)
		err = errors.Join(err, unlessGone(translate(ctx, "remove volume", removal)))
	}
	return err
}
