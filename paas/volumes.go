package paas

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
)

// EVolumeSmaller is the code of a version that declares a volume smaller than it is.
const EVolumeSmaller Code = "E_VOLUME_SMALLER"

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

// checkVolumes refuses a version that wants a volume smaller than it is: a file system with files in it
// cannot be cut. Declarations that changed nothing, and those of versions that are gone back to, stand;
// their volumes stay as large as they are.
func (p *Platform) checkVolumes(ctx context.Context, project ProjectID, app App, reason Reason) error {
	if len(app.Volumes) == 0 || reason == ReasonRollback {
		return nil
	}
	there, err := p.Engine.Volumes(ctx, project)
	if err != nil {
		return err
	}
	live, err := p.Store.LiveDeployment(ctx, project)
	if err != nil && !IsKind(err, NotFound) {
		return err
	}
	for _, wanted := range app.Volumes {
		size := cmp.Or(wanted.Size, DefaultVolumeSize)
		use, is := volumeNamed(there, wanted.Name)
		at := slices.IndexFunc(live.App.Volumes, func(v Volume) bool { return v.Name == wanted.Name })
		if !is || use.Size <= size || at >= 0 && cmp.Or(live.App.Volumes[at].Size, DefaultVolumeSize) <= size {
			continue
		}
		return &Error{
			Kind: Rejected, Code: EVolumeSmaller,
			Message: fmt.Sprintf("the volume %s has %s and is to have %s: a volume only grows, because what is in it might not fit. Declare %s or more in paastech/app.yaml; for a smaller one declare another name, move the files, and delete this one (paastech volumes rm %s).", wanted.Name, use.Size, size, use.Size, wanted.Name),
			Details: []Detail{{"volumes.size", "is smaller than the volume"}},
		}
	}
	return nil
}

func volumeNamed(there []VolumeUse, name string) (VolumeUse, bool) {
	at := slices.IndexFunc(there, func(v VolumeUse) bool { return v.Name == name })
	if at < 0 {
		return VolumeUse{}, false
	}
	return there[at], true
}

// sayVolumes says which volumes are not as large as a version that has started declares.
func (p *Platform) sayVolumes(ctx context.Context, d Deployment, out io.Writer) {
	if len(d.App.Volumes) == 0 {
		return
	}
	there, err := p.Engine.Volumes(ctx, d.Project)
	if err != nil {
		return // what uses them has started; the next look says what is wrong
	}
	for _, wanted := range d.App.Volumes {
		use, is := volumeNamed(there, wanted.Name)
		size := cmp.Or(wanted.Size, DefaultVolumeSize)
		switch {
		case !is || use.Size == 0 || use.Size == size:
		case use.Size < size:
			fmt.Fprintf(out, "The volume %s has %s until nothing that has it runs: `paastech stop`, then `paastech start`, lets it grow to %s.\n", wanted.Name, use.Size, size)
		default:
			fmt.Fprintf(out, "The volume %s keeps its %s: volumes only grow.\n", wanted.Name, use.Size)
		}
	}
}
