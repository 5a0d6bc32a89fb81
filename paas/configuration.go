package paas

import "context"

// EnvChange changes a project's variables: those of the application or, with Build, of its builds.
type EnvChange struct {
	Replace Env                // not nil: becomes the whole set
	Set     map[string]*Secret // merged over it; nil removes
	Build   bool
	Deploy  *bool            // roll it out; nil means when the project is live
	Queued  func(Deployment) // told the deployment, when there is one; may be nil
}

// ChangeEnv stores a change of variables and rolls it out when that is asked for. The deployment is
// nil when nothing had to be rolled out; variables of builds wait for the next push.
func (p *Platform) ChangeEnv(ctx context.Context, caller User, id ProjectID, change EnvChange) (Project, *Deployment, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return Project{}, nil, err
	}
	project, err := p.Store.ChangeProject(ctx, id, func(project *Project) error {
		set := &project.Env
		if change.Build {
			set = &project.BuildEnv
		}
		if change.Replace != nil {
			*set = change.Replace
		}
		*set = set.With(change.Set)
		project.UpdatedAt = p.now()
		return set.Validate()
	})
	if err == nil {
		p.tellProject(EventProjectChanged, project)
	}
	if err != nil || change.Build {
		return project, nil, err
	}
	deploy := change.Deploy == nil || *change.Deploy
	if _, err := p.Store.LiveDeployment(ctx, id); err != nil || project.Stopped {
		deploy = change.Deploy != nil && *change.Deploy
	}
	if !deploy {
		return project, nil, nil
	}
	deployment, err := p.rollOutEnv(ctx, caller, project, change.Queued)
	return project, &deployment, err
}

// rollOutEnv deploys the newest image with the variables of now, unless that runs already.
func (p *Platform) rollOutEnv(ctx context.Context, caller User, project Project, queued func(Deployment)) (Deployment, error) {
	image, err := p.newestImage(ctx, project.ID)
	if err != nil {
		return Deployment{}, err
	}
	if image.State == Live && !project.Stopped && equalEnv(image.Env, project.Env) {
		return image, nil
	}
	return p.redeploy(ctx, caller, image, ReasonEnv, queued)
}
