package paas

import (
	"context"
	"slices"
)

// ENotKept is the code of a rollback to a version whose image is gone.
const ENotKept Code = "E_NOT_KEPT"

// Rollback makes the image and the variables of an earlier deployment the running version, as a new
// deployment: nothing is built. The project's variables become those again.
func (p *Platform) Rollback(ctx context.Context, caller User, id ProjectID, number int, queued func(Deployment)) (Deployment, error) {
	target, err := p.Deployment(ctx, caller, id, number)
	if err != nil {
		return Deployment{}, err
	}
	kept, err := p.keptDeployments(ctx, id)
	if err != nil {
		return Deployment{}, err
	}
	switch {
	case target.LiveAt == nil:
		return Deployment{}, Errorf(Conflict, EConflict, "%s was never live, so there is nothing to go back to.", target.Name())
	case !holds(kept, target.Image.Ref):
		return Deployment{}, Errorf(Conflict, ENotKept, "The image of %s is no longer kept: the last %d versions are. Push that commit again instead.", target.Name(), p.KeepVersions)
	}
	if target.State == Live {
		if project, err := p.Store.Project(ctx, id); err == nil && !project.Stopped {
			return target, nil
		}
	}
	if _, err := p.Store.ChangeProject(ctx, id, func(project *Project) error {
		project.Env = target.Env
		project.UpdatedAt = p.now()
		return nil
	}); err != nil {
		return Deployment{}, err
	}
	return p.redeploy(ctx, caller, target, ReasonRollback, queued)
}

// keptDeployments are those that can be rolled back to: the newest that were live, one of each image,
// KeepVersions of them.
func (p *Platform) keptDeployments(ctx context.Context, id ProjectID) ([]Deployment, error) {
	var kept []Deployment
	seen := map[ImageRef]bool{}
	for d, err := range p.before(ctx, id, 0) {
		if err != nil {
			return nil, err
		}
		if d.LiveAt == nil || seen[d.Image.Ref] {
			continue
		}
		seen[d.Image.Ref] = true
		kept = append(kept, d)
		if len(kept) == p.KeepVersions {
			break
		}
	}
	return kept, nil
}

// CanRollBack tells whether Rollback to a deployment would be refused, but for what others do meanwhile.
func (p *Platform) CanRollBack(ctx context.Context, d Deployment) (bool, error) {
	if d.LiveAt == nil {
		return false, nil
	}
	kept, err := p.keptDeployments(ctx, d.Project)
	return holds(kept, d.Image.Ref), err
}

func holds(kept []Deployment, image ImageRef) bool {
	return slices.ContainsFunc(kept, func(d Deployment) bool { return d.Image.Ref == image })
}

// pruneImages removes the images of versions that can no longer be rolled back to.
func (p *Platform) pruneImages(ctx context.Context, id ProjectID) error {
	kept, err := p.keptDeployments(ctx, id)
	if err != nil {
		return err
	}
	active, err := p.Store.ActiveDeployments(ctx)
	if err != nil {
		return err
	}
	var refs []ImageRef
	for _, d := range slices.Concat(kept, active) {
		if d.Project == id && d.Image.Ref != "" {
			refs = append(refs, d.Image.Ref)
		}
	}
	if len(refs) == 0 { // nothing was live yet: what is there may be about to be
		return nil
	}
	if err := p.Engine.Retain(ctx, id, refs); err != nil {
		return err
	}
	return p.Builder.Retain(ctx, id, refs)
}

// pruneLater does that beside whoever waits for a deployment.
func (p *Platform) pruneLater(ctx context.Context, id ProjectID) {
	_, err := p.queue.submit(ctx, id, 0, func(ctx context.Context) error {
		if err := p.pruneImages(ctx, id); err != nil && ctx.Err() == nil {
			p.Log.WarnContext(ctx, "remove old images; the next deployment tries again", "project", id, "error", err)
		}
		return nil
	})
	if err != nil && !IsCode(err, EShuttingDown) {
		p.Log.WarnContext(ctx, "remove old images", "project", id, "error", err)
	}
}

// Cancel ends a deployment that is not live yet; what ran before goes on running.
func (p *Platform) Cancel(ctx context.Context, caller User, id ProjectID, number int) (Deployment, error) {
	d, err := p.Deployment(ctx, caller, id, number)
	if err != nil {
		return Deployment{}, err
	}
	if d.State.Active() {
		p.queue.cancel(id, number, Errorf(Canceled, ECanceled, "%s canceled it.", caller.Username))
		if d, err = p.Deployment(ctx, caller, id, number); err != nil {
			return Deployment{}, err
		}
	}
	if d.State != Aborted {
		return d, Errorf(Conflict, EConflict, "%s is %s: only a deployment that is queued, building or starting can be canceled.", d.Name(), d.State)
	}
	return d, nil
}
