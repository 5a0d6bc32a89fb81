package deployer

import (
	"context"
	"errors"
	"fmt"
	"regexp"

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
	if err := e.removeUnusedNetwork(ctx, project); err != nil {
		return err
	}
	images, err := e.pulledImages(ctx)
	if err != nil {
		return err
	}
	for _, one := range images {
		if one.project == project {
			err = errors.Join(err, e.removeImage(ctx, one.ref))
		}
	}
	return err
}

// RemoveAll removes everything that carries this instance's label, its pulled images and its packet
// filter. Nothing of it may be in use.
func (e *Engine) RemoveAll(ctx context.Context) error {
	return errors.Join(
		e.removeContainers(ctx, e.ours()),
		e.removeNetworks(ctx),
		e.removeVolumes(ctx),
		e.removeImages(ctx),
		e.filter.remove(),
	)
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

func (e *Engine) removeImages(ctx context.Context) error {
	images, err := e.pulledImages(ctx)
	for _, one := range images {
		err = errors.Join(err, e.removeImage(ctx, one.ref))
	}
	return err
}

func (e *Engine) removeImage(ctx context.Context, ref string) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	_, err := e.docker.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
	return unlessGone(translate(ctx, "remove image", err))
}

// pulledImage is an image that was pulled from the local registry for a project.
type pulledImage struct {
	ref     string
	project paas.ProjectID
}

// pulledImages lists what was pulled from this instance's registry, below a project's name.
func (e *Engine) pulledImages(ctx context.Context) ([]pulledImage, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, translate(ctx, "list images", err)
	}
	address := regexp.QuoteMeta(e.registry.Load().address.String())
	ours := regexp.MustCompile(`^` + address + `/([0-9a-f-]{36})[/@:]`)
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
