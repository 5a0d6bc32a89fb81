package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Namespaces lists the first part of the names of all repositories.
func (r *Registry) Namespaces(context.Context) ([]string, error) {
	entries, err := fs.ReadDir(r.storage.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("list repositories: %w", err)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, nil
}

// Size is how many bytes the layers of all repositories of a namespace have, each counted once, those
// of the image they are based on too.
func (r *Registry) Size(ctx context.Context, namespace string) (int64, error) {
	blobs := map[string]bool{}
	err := fs.WalkDir(r.storage.root.FS(), namespace, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if parent := path.Dir(name); entry.IsDir() && path.Base(parent) == "sha256" && path.Base(path.Dir(parent)) == "_layers" {
			blobs[entry.Name()] = true
			return fs.SkipDir
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("measure repositories of %s: %w", namespace, err)
	}
	return r.storage.sizeOf(blobs)
}

// sizeOf adds up blobs; one that is not there takes no room.
func (s storage) sizeOf(blobs map[string]bool) (int64, error) {
	var sum int64
	for digest := range blobs {
		if len(digest) < 2 || strings.ContainsRune(digest, '/') {
			continue
		}
		info, err := s.blobs.Stat(path.Join("sha256", digest[:2], digest, "data"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("measure a layer: %w", err)
		}
		if err == nil {
			sum += info.Size()
		}
	}
	return sum, nil
}
