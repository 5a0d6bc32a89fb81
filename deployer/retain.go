package deployer

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"

	"github.com/paastech-cloud/paastech/paas"
)

// Retain removes the project's images but those kept and those that a container is of.
func (e *Engine) Retain(ctx context.Context, project paas.ProjectID, keep []paas.ImageRef) error {
	defer e.lock(project)()
	left, err := e.containersOf(ctx, project)
	if err != nil {
		return err
	}
	images, err := e.pulledImages(ctx, e.registry.Load().address.String())
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, one := range left {
		used[one.ImageID] = true
	}
	for _, one := range images {
		if one.project == project && !used[one.id] && !slices.Contains(keep, paas.ImageRef(one.ref)) {
			err = errors.Join(err, e.removeImage(ctx, one.ref))
		}
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
	id, ref string
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
				pulled = append(pulled, pulledImage{one.ID, ref, paas.ProjectID(match[1])})
			}
		}
	}
	return pulled, nil
}
