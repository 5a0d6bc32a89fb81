package builder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/docker/docker/client"

	"github.com/paastech-cloud/paastech/builder/buildpacks"
)

const (
	suite     = "trixie"
	builderID = "io.paastech.debian" // the stack and target name of our images

	// userID and groupID own the application in build and run images; nothing runs as root.
	userID  = 1001
	groupID = 1001
)

// Names of our images. Each tag is a hash of what the image is made of, so that several daemons on
// one engine share them and a change makes a new one.
const (
	builderRepository   = "paastech/builder"
	buildRepository     = "paastech/build"
	runRepository       = "paastech/run"
	lifecycleRepository = "paastech/lifecycle"
)

// labelRecipe is on every image of a builder: garbage collection sees by it what is ours.
const labelRecipe = "paastech.recipe"

// recipe is everything that a builder image is made of.
type recipe struct {
	Arch       string // as Go and Debian name it
	Build, Run []string
	Buildpacks []buildpacks.Buildpack
	Order      [][]buildpacks.Member
	Sums       []string // of the executables
}

// debianRecipe is the platform's own builder for the engine's architecture.
func debianRecipe(ctx context.Context, docker *client.Client) (recipe, error) {
	arch, err := architecture(ctx, docker)
	if err != nil {
		return recipe{}, err
	}
	sums, err := artefactSums(embedded, arch)
	if err != nil {
		return recipe{}, err
	}
	return recipe{
		Arch:  arch,
		Build: buildpacks.BuildPackages(), Run: buildpacks.RunPackages(),
		Buildpacks: buildpacks.All(), Order: buildpacks.Order(),
		Sums: sums,
	}, nil
}

// architecture is the engine's, as Go and Debian name it.
func architecture(ctx context.Context, docker *client.Client) (string, error) {
	info, err := docker.Info(ctx)
	if err != nil {
		return "", fmt.Errorf("ask Docker for its architecture: %w", err)
	}
	switch info.Architecture {
	case "x86_64", "amd64":
		return "amd64", nil
	case "aarch64", "arm64":
		return "arm64", nil
	}
	return "", fmt.Errorf("there is no builder for %s; amd64 and arm64 are supported", info.Architecture)
}

// image is the name of the builder that the recipe makes.
func (r recipe) image() string {
	return builderRepository + ":" + hashOf(r.buildImage(), r.runImage(), r)
}

func (r recipe) buildImage() string { return buildRepository + ":" + r.rootHash(r.Build) }

func (r recipe) runImage() string { return runRepository + ":" + r.rootHash(r.Run) }

// lifecycleImage is the name of an image with nothing but the lifecycle.
func (r recipe) lifecycleImage() string {
	return lifecycleRepository + ":" + hashOf(r.Arch, r.Sums[:2])
}

// rootHash names a root file system: the packages, and the version of what we do to them.
func (r recipe) rootHash(packages []string) string {
	sorted := slices.Sorted(slices.Values(packages))
	return hashOf(suite, r.Arch, sorted, rootVersion, userID, groupID)
}

func hashOf(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(fmt.Sprintf("a recipe is plain data: %v", err))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}
