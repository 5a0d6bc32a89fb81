package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/paastech-cloud/paastech/paas"
)

// Retain removes the images of a repository, with their tags, but those whose digests are kept, and
// returns how many it removed. Every image is one manifest here; layers that only removed ones had stay
// until they are collected.
func (r *Registry) Retain(ctx context.Context, repository string, keep []string) (int, error) {
	if _, err := reference.WithName(repository); err != nil {
		return 0, paas.Errorf(paas.Invalid, paas.EInvalid, "%q is not the name of a repository.", repository).Because(err)
	}
	removed, err := r.storage.retain(ctx, repository, keep)
	if removed > 0 {
		r.removed.Store(true)
	}
	if err != nil {
		return removed, fmt.Errorf("remove images of %s: %w", repository, err)
	}
	return removed, nil
}

// retain takes the tags first: none may name an image that is gone.
func (s storage) retain(ctx context.Context, repository string, keep []string) (removed int, err error) {
	manifests := path.Join(repository, "_manifests")
	tags, err := s.names(path.Join(manifests, "tags"))
	if err != nil {
		return 0, err
	}
	for _, tag := range tags {
		if err := s.retainTag(ctx, path.Join(manifests, "tags", tag), keep); err != nil {
			return 0, err
		}
	}
	return s.retainDigests(ctx, path.Join(manifests, "revisions/sha256"), keep)
}

// retainTag removes a tag of what is not kept, and of a tag that stays what it named before.
func (s storage) retainTag(ctx context.Context, tag string, keep []string) error {
	digest, err := s.root.ReadFile(path.Join(tag, "current/link"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !slices.Contains(keep, strings.TrimSpace(string(digest))) {
		return s.root.RemoveAll(tag)
	}
	_, err = s.retainDigests(ctx, path.Join(tag, "index/sha256"), keep)
	return err
}

// retainDigests removes the entries of a directory that are not kept.
func (s storage) retainDigests(ctx context.Context, dir string, keep []string) (removed int, err error) {
	digests, err := s.names(dir)
	if err != nil {
		return 0, err
	}
	for _, digest := range digests {
		if slices.Contains(keep, "sha256:"+digest) {
			continue
		}
		if ctx.Err() != nil {
			return removed, context.Cause(ctx)
		}
		if err := s.root.RemoveAll(path.Join(dir, digest)); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// names lists a directory that may not be there.
func (s storage) names(dir string) ([]string, error) {
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
}
