package builder

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/paastech-cloud/paastech/paas"
)

// cachePrefix begins the names of the volumes that outlive a build.
const cachePrefix = "paastech-cache-"

// cacheVolume belongs to one project of one instance.
func cacheVolume(instance string, project paas.ProjectID, kind string) string {
	return fmt.Sprintf("%s%s-%s-%s", cachePrefix, instance, project, kind)
}

// Forget removes a project's caches and published images.
func (b *Builder) Forget(ctx context.Context, project paas.ProjectID) error {
	err := b.removeVolumes(ctx, filters.NewArgs(
		filters.Arg("label", labelInstance+"="+b.options.InstanceID),
		filters.Arg("label", labelProject+"="+string(project)),
		filters.Arg("label", labelCache),
	))
	return errors.Join(err, b.options.Registry.Delete(ctx, repositoryOf(project)+"/"))
}

// sweep removes what builds of a daemon that was killed left behind.
func (b *Builder) sweep(ctx context.Context) error {
	ours := filters.NewArgs(filters.Arg("label", labelInstance+"="+b.options.InstanceID), filters.Arg("label", labelBuild))
	containers, err := b.docker.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
	if err != nil {
		return fmt.Errorf("list build containers: %w", err)
	}
	var errs []error
	for _, each := range containers {
		errs = append(errs, discard(ctx, b.docker, each.ID))
	}
	return errors.Join(append(errs, b.removeVolumes(ctx, ours))...)
}

func (b *Builder) removeVolumes(ctx context.Context, which filters.Args) error {
	found, err := b.docker.VolumeList(ctx, volume.ListOptions{Filters: which})
	if err != nil {
		return fmt.Errorf("list build volumes: %w", err)
	}
	var errs []error
	for _, each := range found.Volumes {
		errs = append(errs, b.docker.VolumeRemove(ctx, each.Name, true))
	}
	return errors.Join(errs...)
}
