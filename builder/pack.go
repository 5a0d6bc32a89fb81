package builder

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/buildpacks/imgutil"
	"github.com/buildpacks/pack/pkg/blob"
	pack "github.com/buildpacks/pack/pkg/client"
	packimage "github.com/buildpacks/pack/pkg/image"
	"github.com/buildpacks/pack/pkg/index"
	"github.com/buildpacks/pack/pkg/logging"
	"github.com/google/go-containerregistry/pkg/authn"

	"context"
)

// packSetup is what one use of pack needs.
type packSetup struct {
	docker    pack.DockerClient
	dir       string // for what pack would keep in the home directory
	log       logging.Logger
	keychain  authn.Keychain
	registry  string // the local registry as builds reach it
	lifecycle string // image whose lifecycle works around builders of others
}

// newPack makes a pack client that neither reads nor writes the home directory and whose images come
// from the engine and the local registry only.
func newPack(setup packSetup) (*pack.Client, error) {
	if setup.keychain == nil {
		setup.keychain = nobody{}
	}
	images := &fetcher{
		Fetcher:   packimage.NewFetcher(setup.log, setup.docker, packimage.WithKeychain(setup.keychain)),
		registry:  setup.registry,
		lifecycle: setup.lifecycle,
	}
	packs, err := pack.NewClient(
		pack.WithDockerClient(setup.docker),
		pack.WithLogger(setup.log),
		pack.WithKeychain(setup.keychain),
		pack.WithFetcher(images),
		pack.WithDownloader(blob.NewDownloader(setup.log, filepath.Join(setup.dir, "downloads"))),
		pack.WithIndexFactory(index.NewIndexFactory(setup.keychain, filepath.Join(setup.dir, "manifests"))),
	)
	if err != nil {
		return nil, fmt.Errorf("start pack: %w", err)
	}
	return packs, nil
}

// fetcher is pack's, with two differences: run images are looked for in the local registry alone, so
// that no other registry is asked about the name of ours, and our lifecycle image is used as it is.
type fetcher struct {
	*packimage.Fetcher
	registry  string
	lifecycle string
}

// Fetch returns an image; our lifecycle image cannot be changed through what is returned.
func (f *fetcher) Fetch(ctx context.Context, name string, options packimage.FetchOptions) (imgutil.Image, error) {
	image, err := f.Fetcher.Fetch(ctx, name, options)
	if err == nil && f.lifecycle != "" && name == f.lifecycle {
		return unchanging{image}, nil
	}
	return image, err
}

// CheckReadAccess is asked about every place where a run image may be.
func (f *fetcher) CheckReadAccess(name string, _ packimage.FetchOptions) bool {
	return f.registry != "" && len(name) > len(f.registry) && name[:len(f.registry)+1] == f.registry+"/"
}

// unchanging is an image that pack wants to extend with empty directories for a build; the directories
// are made in the build's containers instead, and no image is left behind when the daemon is killed.
type unchanging struct{ imgutil.Image }

// Rename does nothing.
func (unchanging) Rename(string) {}

// AddLayer does nothing.
func (unchanging) AddLayer(string) error { return nil }

// Save does nothing.
func (unchanging) Save(...string) error { return nil }

// nobody has no password for any registry.
type nobody struct{}

// Resolve gives none.
func (nobody) Resolve(authn.Resource) (authn.Authenticator, error) { return authn.Anonymous, nil }

// quiet is a logger that says nothing.
type quiet struct{}

func (quiet) Debug(string)          {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Info(string)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warn(string)           {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Error(string)          {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Writer() io.Writer     { return io.Discard }
func (quiet) IsVerbose() bool       { return false }
