package builder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/docker/docker/api/types/image"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// dropOld removes what was made for earlier builders, a hundred megabytes and more each, as far as nothing
// uses it: their images on the engine, and their run images in the local registry. Layers that
// applications are built on stay with those.
func (b *Builder) dropOld(ctx context.Context) error {
	freed, err := b.shrinkImages(ctx, math.MaxInt64)
	if err != nil {
		return err
	}
	dropped, err := b.dropMirrors(ctx)
	if freed > 0 || dropped > 0 {
		b.options.Log.Info("images of earlier builders removed", "bytes", freed, "published", dropped)
	}
	return err
}

// dropMirrors removes run images from the local registry that the engine does not have any more; it
// returns how many.
func (b *Builder) dropMirrors(ctx context.Context) (int, error) {
	pass := b.options.Registry.Grant([]string{runRepository}, nil)
	defer pass.Revoke()
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(b.keychain(pass))}
	repository, err := name.NewRepository(b.options.Registry.BuildAddress() + "/" + runRepository)
	if err != nil {
		return 0, fmt.Errorf("name the run images: %w", err)
	}
	tags, err := remote.List(repository, options...)
	if answer, ok := errors.AsType[*transport.Error](err); ok && answer.StatusCode == http.StatusNotFound {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("list the run images: %w", err)
	}
	made, err := b.docker.ImageList(ctx, image.ListOptions{All: true})
	if err != nil {
		return 0, fmt.Errorf("list images: %w", err)
	}
	there := map[string]bool{}
	for _, each := range made {
		there[about{runID: each.ID}.mirrorTag()] = true
	}
	var keep []string
	for _, tag := range tags {
		if !there[tag] {
			continue
		}
		kept, err := remote.Head(repository.Tag(tag), options...)
		if err != nil {
			return 0, fmt.Errorf("look at the run image %s: %w", tag, err)
		}
		keep = append(keep, kept.Digest.String())
	}
	if len(keep) == len(tags) {
		return 0, nil
	}
	return b.options.Registry.Retain(ctx, runRepository, keep)
}
