package builder

import (
	"context"
	"fmt"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// Examine looks whether builds could start: the builder image is on the engine and its run image in the
// registry. While they are being made they are not missing.
func (b *Builder) Examine(ctx context.Context) paas.Check {
	check := paas.NewCheck(paas.PartBuilder)
	name, err := b.defaultImage(ctx)
	switch {
	case err != nil:
		check.Summary = "could not be looked at"
		check.Find(paas.EUnexamined, "paastech doctor", fmt.Sprintf("Nobody knows which builder image is needed: %s", err))
	case b.ready(ctx):
		check.Summary = "the builder image " + name + " is there"
	case b.attempt() != nil:
		check.Summary = "the builder image " + name + " is being made"
	default:
		check.Summary = "the builder image " + name + " is not there"
		check.Find(paas.EBuilderMissing, b.remedy(name), "the builder image "+name+" is not there; the next push waits until it was made")
	}
	return check
}

// remedy gets a builder image.
func (b *Builder) remedy(name string) string {
	if b.options.Image != "" {
		return "docker pull " + name
	}
	return "paastech builder create"
}

// Lacking returns those of the images that the local registry does not have.
func (b *Builder) Lacking(ctx context.Context, images []paas.ImageRef) ([]paas.ImageRef, error) {
	var lacking []paas.ImageRef
	for _, image := range images {
		name, digest, _ := strings.Cut(string(image), "@")
		_, repository, _ := strings.Cut(name, "/")
		has, err := b.options.Registry.Has(ctx, repository, digest)
		if err != nil && !paas.IsKind(err, paas.Invalid) { // no name of ours is in nobody's registry
			return nil, err
		}
		if !has {
			lacking = append(lacking, image)
		}
	}
	return lacking, nil
}
