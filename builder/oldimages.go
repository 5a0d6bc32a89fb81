package builder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
)

// labelMaker is on every image that a daemon makes for its builds, and names the daemon's instance.
// It is not labelInstance: containers inherit labels from their image, and one that somebody starts
// by hand must not look like ours.
const labelMaker = "paastech.maker"

// labelChange is labels as the engine takes them with an import.
func labelChange(labels map[string]string) string {
	var change strings.Builder
	change.WriteString("LABEL")
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&change, " %s=%q", name, labels[name])
	}
	return change.String()
}

// shrinkImages removes, oldest first, what this instance made for its builders and does not need any
// more. Images with another name than the one we gave them, or that a container is made from, stay.
func (b *Builder) shrinkImages(ctx context.Context, bytes int64) (freed int64, err error) {
	r, err := b.ownRecipe(ctx)
	if err != nil {
		return 0, err
	}
	made, err := b.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelMaker+"="+b.options.InstanceID))})
	if err != nil {
		return 0, fmt.Errorf("list images of builders: %w", err)
	}
	old := slices.DeleteFunc(made, func(i image.Summary) bool { return !isOld(i, r) })
	if len(old) == 0 {
		return 0, nil
	}
	slices.SortFunc(old, func(one, other image.Summary) int { return cmp.Compare(one.Created, other.Created) })
	before, err := b.layersSize(ctx)
	if err != nil {
		return 0, err
	}
	for _, each := range old {
		if freed >= bytes {
			break
		}
		if err := b.removeOld(ctx, each); err != nil {
			return freed, err
		}
		after, err := b.layersSize(ctx)
		if err != nil {
			return freed, err
		}
		freed = max(0, before-after)
	}
	return freed, nil
}

// RemoveImages removes what an instance made for its builders from an engine, but for what containers of
// others are made from.
func RemoveImages(ctx context.Context, dockerHost, instance string) error {
	docker, err := connect(dockerHost)
	if err != nil {
		return err
	}
	defer docker.Close()
	b := &Builder{docker: docker}
	made, err := docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelMaker+"="+instance))})
	if err != nil {
		return fmt.Errorf("list images of builders: %w", err)
	}
	for _, each := range made {
		if isOld(each, recipe{}) {
			err = errors.Join(err, b.removeOld(ctx, each))
		}
	}
	return err
}

// isOld tells whether an image was made for a builder and is not the present one's. The images of
// applications have the labels of the run image below them, but neither name nor lack of one.
func isOld(i image.Summary, present recipe) bool {
	repositories := []string{builderRepository, buildRepository, runRepository, lifecycleRepository}
	needed := []string{present.image(), present.buildImage(), present.runImage(), present.lifecycleImage()}
	if slices.ContainsFunc(i.RepoDigests, func(digest string) bool { return !strings.HasPrefix(digest, "<none>") }) {
		return false
	}
	return !slices.ContainsFunc(i.RepoTags, func(tag string) bool {
		return tag != "<none>:<none>" && (slices.Contains(needed, tag) || !slices.Contains(repositories, withoutTag(tag)))
	})
}

// removeOld takes an image's names away, and with the last one the image, unless it is in use.
func (b *Builder) removeOld(ctx context.Context, each image.Summary) error {
	names := slices.DeleteFunc(slices.Clone(each.RepoTags), func(tag string) bool { return tag == "<none>:<none>" })
	if len(names) == 0 {
		names = []string{each.ID}
	}
	for _, name := range names {
		_, err := b.docker.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
		if err != nil && !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) {
			return fmt.Errorf("remove the image %s: %w", name, err)
		}
	}
	return nil
}

// layersSize is what the layers of all images take on the engine, each counted once.
func (b *Builder) layersSize(ctx context.Context) (int64, error) {
	usage, err := b.docker.DiskUsage(ctx, types.DiskUsageOptions{Types: []types.DiskUsageObject{types.ImageObject}})
	if err != nil {
		return 0, fmt.Errorf("measure images: %w", err)
	}
	return usage.LayersSize, nil
}
