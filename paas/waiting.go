package paas

import "context"

// Waiting is what of a project's configuration the running version does not have yet: the next
// deployment takes it along.
type Waiting struct {
	Variables EnvDiff
	Settings  bool
}

// Waiting compares what runs with what is stored. Nothing waits while nothing runs.
func (p *Platform) Waiting(ctx context.Context, caller User, id ProjectID) (Waiting, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return Waiting{}, err
	}
	live, err := p.Store.LiveDeployment(ctx, id)
	if IsKind(err, NotFound) || err == nil && project.Stopped {
		return Waiting{}, nil
	}
	if err != nil {
		return Waiting{}, err
	}
	return Waiting{Variables: live.Env.Diff(project.Env), Settings: !live.runsSettings(project)}, nil
}
