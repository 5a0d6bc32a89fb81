package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/distribution/reference"
	"github.com/paastech-cloud/paastech/paas"
)

// Has tells whether a repository has the image of a digest (sha256:…), all its layers included.
func (r *Registry) Has(_ context.Context, repository, digest string) (bool, error) {
	hex, isDigest := strings.CutPrefix(digest, "sha256:")
	if _, err := reference.WithName(repository); err != nil || !isDigest || len(hex) != 64 || strings.ContainsRune(hex, '/') {
		return false, paas.Errorf(paas.Invalid, paas.EInvalid, "%s@%s is not the name of an image.", repository, digest)
	}
	whole, err := r.storage.has(repository, hex)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for an image: %w", err)
	}
	return whole, nil
}

func (s storage) has(repository, hex string) (bool, error) {
	if _, err := s.root.Stat(path.Join(repository, "_manifests/revisions/sha256", hex, "link")); err != nil {
		return false, err
	}
	text, err := s.blobs.ReadFile(blobPath(hex))
	if err != nil {
		return false, err
	}
	parts, err := partsOf(text)
	if err != nil {
		return false, nil // a manifest that cannot be read is none
	}
	for _, part := range parts {
		if _, err := s.blobs.Stat(blobPath(part)); err != nil {
			return false, err
		}
	}
	return true, nil
}
