package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/distribution/reference"
	"github.com/paastech-cloud/paastech/paas"
)

// storage is the directory where distribution keeps one directory a repository. In it, what begins
// with _ belongs to the repository and anything else is a repository below it.
type storage struct {
	root  *os.Root // of the repositories
	blobs *os.Root // of what they link to
}

func openStorage(dir string) (storage, error) {
	repositories := filepath.Join(dir, "docker/registry/v2/repositories")
	if err := os.MkdirAll(repositories, 0o700); err != nil {
		return storage{}, err
	}
	contents := filepath.Join(dir, "docker/registry/v2/blobs")
	if err := os.MkdirAll(contents, 0o700); err != nil {
		return storage{}, err
	}
	root, err := os.OpenRoot(repositories)
	if err != nil {
		return storage{}, err
	}
	blobs, err := os.OpenRoot(contents)
	if err != nil {
		return storage{}, errors.Join(err, root.Close())
	}
	return storage{root: root, blobs: blobs}, nil
}

func (s storage) close() error { return errors.Join(s.root.Close(), s.blobs.Close()) }

// Delete removes a repository or, with a trailing slash, everything below it. The layers that no
// image has any more are swept a little later.
func (r *Registry) Delete(ctx context.Context, repository string) error {
	name, everything := strings.CutSuffix(repository, "/")
	if _, err := reference.WithName(name); err != nil {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "%q is not the name of a repository.", repository).Because(err)
	}
	if err := r.storage.remove(ctx, name, everything); err != nil {
		return fmt.Errorf("delete repository %s: %w", repository, err)
	}
	r.removed.Store(true)
	return nil
}

func (s storage) remove(ctx context.Context, name string, below bool) error {
	entries, err := fs.ReadDir(s.root.FS(), name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if isOwn := strings.HasPrefix(entry.Name(), "_"); isOwn == below {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := s.root.RemoveAll(path.Join(name, entry.Name())); err != nil {
			return err
		}
	}
	return s.removeEmpty(name)
}

// removeEmpty removes the directory of a repository that nothing is left of. Not all file systems say
// alike that one is not empty, so it is looked at again.
func (s storage) removeEmpty(name string) error {
	entries, err := fs.ReadDir(s.root.FS(), name)
	if err != nil || len(entries) > 0 {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return s.root.Remove(name)
}
