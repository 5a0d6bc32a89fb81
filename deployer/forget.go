package deployer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"

	"github.com/paastech-cloud/paastech/paas"
)

// Forget removes the containers, the network and the pulled images of a project.
func (e *Engine) Forget(ctx context.Context, project paas.ProjectID) error {
	if project == "" {
		return fmt.Errorf("forget a project without an id")
	}
	if err := e.removeContainers(ctx, e.ours(labelProject+"="+string(project))); err != nil {
		return err
	}
	return e.removeUnused(ctx, project)
}

// removeUnused removes the images of a project that no container is of and, when it has no container
// at all, its network.
func (e *Engine) removeUnused(ctx context.Context, project paas.ProjectID) error {
	defer e.lock(project)()
	left, err := e.summaries(ctx, e.ours(labelProject+"="+string(project), labelProcess))
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, one := range left {
		used[one.Image] = true
	}
	if len(left) == 0 {
		err = e.removeNetwork(ctx, projectNetwork(e.options.Instance, project))
	}
	images, listErr := e.pulledImages(ctx, e.registry.Load().address.String())
	err = errors.Join(err, listErr)
	for _, one := range images {
		if one.project == project && !used[one.ref] {
			err = errors.Join(err, e.removeImage(ctx, one.ref))
		}
	}
	return err
}

// RemoveAll removes everything that carries this instance's label, its pulled images and its packet
// filter. The registry is known by UseRegistry, or else by the images of the containers.
func (e *Engine) RemoveAll(ctx context.Context) error {
	registries, err := e.registries(ctx)
	if err != nil {
		return err
	}
	return errors.Join(
		e.removeContainers(ctx, e.ours()),
		e.removeNetworks(ctx),
		e.removeVolumes(ctx),
		e.removeImages(ctx, registries),
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

func (e *Engine) removeVolumes(ctx context.Context) error {
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

func (e *Engine) removeImages(ctx context.Context, registries []string) error {
	var failed error
	for _, registry := range registries {
		images, err := e.pulledImages(ctx, registry)
		failed = errors.Join(failed, err)
		for _, one := range images {
			failed = errors.Join(failed, e.removeImage(ctx, one.ref))
		}
	}
	return failed
}

func (e *Engine) removeImage(ctx context.Context, ref string) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	_, err := e.docker.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
	if errdefs.IsConflict(err) { // something runs from it that is not ours
		return nil
	}
	return unlessGone(translate(ctx, "remove image", err))
}

// pulledImage is an image that was pulled from the local registry for a project.
type pulledImage struct {
	ref     string
	project paas.ProjectID
}

// pulledImages lists what was pulled from a registry, below the name of a project.
func (e *Engine) pulledImages(ctx context.Context, registry string) ([]pulledImage, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, translate(ctx, "list images", err)
	}
	ours := regexp.MustCompile(`^` + regexp.QuoteMeta(registry) + `/([0-9a-f-]{36})[/@:]`)
	var pulled []pulledImage
	for _, one := range found {
		for _, ref := range append(one.RepoDigests, one.RepoTags...) {
			if match := ours.FindStringSubmatch(ref); match != nil {
				pulled = append(pulled, pulledImage{ref, paas.ProjectID(match[1])})
			}
		}
	}
	return pulled, nil
}
