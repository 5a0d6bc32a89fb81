package builder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/paastech-cloud/paastech/paas"
)

// Projects lists every project that caches or published images are kept of.
func (b *Builder) Projects(ctx context.Context) ([]paas.ProjectID, error) {
	volumes, err := b.cacheVolumes(ctx)
	if err != nil {
		return nil, err
	}
	namespaces, err := b.options.Registry.Namespaces(ctx)
	if err != nil {
		return nil, err
	}
	projects := map[paas.ProjectID]bool{}
	for _, each := range volumes {
		projects[paas.ProjectID(each.Labels[labelProject])] = true
	}
	for _, name := range namespaces { // the platform's own images have names that are no project's
		if paas.IsProjectID(name) {
			projects[paas.ProjectID(name)] = true
		}
	}
	return slices.Collect(maps.Keys(projects)), nil
}

func (b *Builder) cacheVolumes(ctx context.Context, more ...filters.KeyValuePair) ([]*volume.Volume, error) {
	which := filters.NewArgs(append(more, filters.Arg("label", labelInstance+"="+b.options.InstanceID), filters.Arg("label", labelCache))...)
	found, err := b.docker.VolumeList(ctx, volume.ListOptions{Filters: which})
	if err != nil {
		return nil, fmt.Errorf("list build caches: %w", err)
	}
	return found.Volumes, nil
}

// Size is how many bytes a project's images and caches take. Caches count where the engine keeps them
// on this host, as it does unless it is a remote one.
func (b *Builder) Size(ctx context.Context, project paas.ProjectID) (int64, error) {
	sum, err := b.options.Registry.Size(ctx, repositoryOf(project))
	if err != nil {
		return 0, err
	}
	volumes, err := b.cacheVolumes(ctx, filters.Arg("label", labelProject+"="+string(project)))
	if err != nil {
		return 0, err
	}
	for _, each := range volumes {
		size, err := sizeBelow(each.Mountpoint)
		if err != nil {
			return 0, fmt.Errorf("measure a build cache: %w", err)
		}
		sum += size
	}
	return sum, nil
}

// sizeBelow adds up the files of a directory that may change while it is read.
func sizeBelow(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return ignoreGone(err)
	})
	return sum, err
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
