package paas

import (
	"context"
	"io"
	"net/netip"
)

// Builder turns the source of one commit into one image.
type Builder interface {
	// Prepare returns when builds can start; while the builder is still being made it writes the
	// progress of that to out, for every caller that waits.
	Prepare(ctx context.Context, out io.Writer) error

	// Plan reads the configuration in a checked-out tree: how to build it (paastech/buildpacks.yaml, else
	// paastech.yaml) and how to run it (paastech/app.yaml). Wrong files give an Invalid error
	// (EBuildConfig, EAppConfig, EBuilderNot, EBuildpackNot) that names file and line.
	Plan(ctx context.Context, dir string) (BuildPlan, error)

	// Build makes and publishes the image. Failures of the user's making are Rejected errors with the
	// diagnosis; a canceled context leaves no process, container or volume of the build behind.
	Build(ctx context.Context, build Build) (Image, error)

	// Retain removes the project's published images but those kept.
	Retain(ctx context.Context, project ProjectID, keep []ImageRef) error

	// Shrink frees at least so many bytes of what can be made anew, oldest first: caches and the
	// layers that no image has. It returns how many it freed.
	Shrink(ctx context.Context, bytes int64) (int64, error)

	// Examine looks whether builds could start. It changes nothing.
	Examine(ctx context.Context) Check

	// Lacking returns those of the images that are published nowhere.
	Lacking(ctx context.Context, images []ImageRef) ([]ImageRef, error)

	// Forget removes the project's caches and published images. It is idempotent.
	Forget(ctx context.Context, project ProjectID) error

	// Projects lists every project that caches or images are kept of.
	Projects(ctx context.Context) ([]ProjectID, error)

	// Size is how many bytes of disk a project's caches and images take.
	Size(ctx context.Context, project ProjectID) (int64, error)
}

// BuildPlan is what a tree says about how it wants to be built.
type BuildPlan struct {
	File       string    // the file that was read, relative to the tree; empty when there is none
	Path       string    // directory to build, relative to the tree, "." for all of it
	Builder    string    // image name after aliases; empty means the platform's own
	Buildpacks []string  // ids inside the builder after aliases; empty means detection
	Env        Env       // for the build
	AppEnv     Env       // paastech.yaml's env: for the application
	App        App       // paastech/app.yaml
	Project    ProjectID // paastech.yaml's project.id, for a check
	Notes      []string  // sentences for the person who pushes
}

// Build is one build to do.
type Build struct {
	Project    ProjectID
	Deployment int
	Dir        string // the checked-out tree; the builder may not write to it
	Plan       BuildPlan
	Env        Env       // the project's own build variables; they reach no layer, label or log
	Output     io.Writer // where progress goes, line by line
}

// Registry carries images from builds to the engine.
type Registry interface {
	// BuildAddress and PullAddress are host:port as build containers and the engine reach it.
	BuildAddress() string
	PullAddress() string

	// Grant makes a pass that may pull and push the named repositories until it is revoked. A name
	// that ends in / stands for every repository below it.
	Grant(pull, push []string) RegistryPass

	// Has tells whether a repository has the image of a digest (sha256:…), all its layers included.
	Has(ctx context.Context, repository, digest string) (bool, error)

	// Namespaces lists the first part of the names of all repositories; Size is how many bytes those
	// of one namespace have.
	Namespaces(ctx context.Context) ([]string, error)
	Size(ctx context.Context, namespace string) (int64, error)

	// Delete removes a repository (or, with a trailing /, everything below it). It is idempotent.
	Delete(ctx context.Context, repository string) error

	// Retain removes the images of a repository, with their tags, but those whose digests (sha256:…)
	// are kept, and returns how many it removed.
	Retain(ctx context.Context, repository string, keep []string) (int, error)
}

// RegistryPass is a credential of the local registry.
type RegistryPass struct {
	Username string
	Password Secret
	Revoke   func()
}

// BuildNetwork is the network that build containers live in: no way to the host but the registry.
type BuildNetwork struct {
	Name    string     // as the engine calls it
	Gateway netip.Addr // the host's address in it
	Subnet  netip.Prefix
}
