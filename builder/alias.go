package builder

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks"
	"github.com/paastech-cloud/paastech/paas"
)

// resolveBuilder turns the builder that a tree names into an image of this host: by the operator's
// aliases, by the list of allowed images, or, for the well-known ones, into the platform's own.
func (b *Builder) resolveBuilder(plan *paas.BuildPlan, said setting) error {
	name := said.value
	if target, ok := b.options.Aliases[name]; ok {
		plan.Builder = target
		return nil
	}
	switch {
	case name == "" || name == b.options.Image || withoutTag(name) == builderRepository:
		return nil
	case slices.Contains(b.options.Allowed, name):
		plan.Builder = name
		return nil
	case isWellKnown(name):
		plan.Notes = append(plan.Notes, fmt.Sprintf("The builder %s is this platform's own here.", name))
		return nil
	}
	return paas.Errorf(paas.Invalid, paas.EBuilderNot, "%s: the builder %s is not allowed here; allowed are %s. Leave `builder` out to use the platform's own.",
		at(said.file, said.line), shown(name), strings.Join(append([]string{"the platform's own"}, b.options.Allowed...), ", "))
}

// isWellKnown tells whether a name is a builder of Paketo or Heroku, at whatever version.
func isWellKnown(name string) bool {
	repository := withoutTag(strings.TrimPrefix(strings.TrimPrefix(name, "index."), "docker.io/"))
	for _, prefix := range []string{"paketobuildpacks/builder-", "paketobuildpacks/ubuntu-"} {
		if strings.HasPrefix(repository, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"paketobuildpacks/builder", "heroku/builder", "heroku/buildpacks"}, repository)
}

func withoutTag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		image = image[:colon]
	}
	return image
}

// resolveBuildpacks turns the buildpacks that a tree names into ids inside its builder.
func (b *Builder) resolveBuildpacks(ctx context.Context, plan *paas.BuildPlan, said []setting) error {
	if len(said) == 0 {
		return nil
	}
	builder, known, err := b.offered(ctx, plan.Builder)
	if err != nil {
		return err
	}
	for _, one := range said {
		id := b.buildpackID(one.value, builder)
		if known && !builder.has(id) {
			return unknownBuildpack(one.file, one.line, one.value, builder)
		}
		if !known && !isBuildpackID(id) {
			return unknownBuildpack(one.file, one.line, one.value, builder)
		}
		plan.Buildpacks = append(plan.Buildpacks, id)
	}
	return nil
}

// offered is what a builder has inside; known is false while its image has not been pulled yet.
func (b *Builder) offered(ctx context.Context, image string) (found about, known bool, err error) {
	if image == "" {
		image = b.options.Image
	}
	if image == "" {
		for _, each := range buildpacks.All() {
			found.buildpacks = append(found.buildpacks, module{each.ID, each.Version})
		}
		return found, true, nil
	}
	found, err = b.describe(ctx, image)
	if isMissing(err) {
		return about{}, false, nil
	}
	return found, err == nil, err
}

// buildpackID follows aliases: the operator's, and the well-known ones for a builder that has ours.
func (b *Builder) buildpackID(name string, builder about) string {
	if target, ok := b.options.Aliases[name]; ok {
		return target
	}
	if builder.has(name) {
		return name
	}
	id := name
	for _, prefix := range []string{"urn:cnb:registry:", "urn:cnb:builder:", "docker://", "docker.io/"} {
		id = strings.TrimPrefix(id, prefix)
	}
	id = withoutTag(id)
	if rest, ok := strings.CutPrefix(id, "paketobuildpacks/"); ok {
		id = "paketo-buildpacks/" + rest
	}
	if target, ok := buildpacks.Aliases()[id]; ok && builder.has(target) {
		return target
	}
	return name
}

// isBuildpackID tells whether a name can be a buildpack's, with or without a version.
func isBuildpackID(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/@+"
	return name != "" && len(name) < 200 && strings.Trim(name, letters) == "" && !hasParent(name) && name[0] != '/' && name[0] != '.'
}

func unknownBuildpack(file string, line int, name string, builder about) error {
	where := ""
	if file != "" {
		where = at(file, line) + ": "
	}
	offer := "Leave `buildpack` out to let the platform choose."
	if ids := builder.ids(); len(ids) > 0 {
		offer = "There are " + strings.Join(ids, ", ") + "."
	}
	return paas.Errorf(paas.Invalid, paas.EBuildpackNot, "%sthe buildpack %s is not in the builder. %s", where, shown(name), offer)
}

// ids lists the buildpacks of a builder, sorted.
func (a about) ids() []string {
	var ids []string
	for _, m := range a.buildpacks {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
