package paas

import (
	"context"
	"slices"
)

// Volumes lists a project's volumes: those of the live version and those that earlier ones left.
func (p *Platform) Volumes(ctx context.Context, caller User, id ProjectID) ([]VolumeUse, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	return p.Engine.Volumes(ctx, id)
}

// RemoveVolume deletes a volume by its name, with everything in it. One that a version uses, running
// or not, is kept.
func (p *Platform) RemoveVolume(ctx context.Context, caller User, id ProjectID, name string) error {
	volumes, err := p.Volumes(ctx, caller, id)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(volumes, func(v VolumeUse) bool { return v.Name == name }) {
		return Errorf(NotFound, ENotFound, "The project has no volume %q.", name)
	}
	return p.Engine.RemoveVolume(ctx, id, name)
}
