package paas

import "context"

// EnvChange changes a project's variables: those of the application or, with Build, of its builds.
type EnvChange struct {
	Replace  Env                // not nil: becomes the whole set
	Set      map[string]*Secret // merged over it; nil removes
	Build    bool
	Revision string           // not empty: of the set that the change is meant for
	Deploy   *bool            // roll it out; nil means when the project is live
	Queued   func(Deployment) // told the deployment, when there is one; may be nil
}

// ofVariables is the set of a project that the change is about.
func (c EnvChange) ofVariables(project *Project) *Env {
	if c.Build {
		return &project.BuildEnv
	}
	return &project.Env
}

// apply is what becomes of a set.
func (c EnvChange) apply(to Env) Env {
	if c.Replace != nil {
		to = c.Replace
	}
	return to.With(c.Set)
}

// errEnvChanged refuses what was thought out for variables that are no longer so.
var errEnvChanged = Errorf(Conflict, EConflict, "The variables were changed in the meantime. Look at what would change now, then save again.")

// ChangeEnv stores a change of variables and rolls it out when that is asked for. Conflict when they
// are no longer of the change's revision. The project returned is there once the change is stored,
// also when rolling it out has failed. The deployment is nil when nothing had to be rolled out;
// variables of builds wait for the next push.
func (p *Platform) ChangeEnv(ctx context.Context, caller User, id ProjectID, change EnvChange) (Project, *Deployment, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return Project{}, nil, err
	}
	var changed string
	project, err := p.Store.ChangeProject(ctx, id, func(project *Project) error {
		set := change.ofVariables(project)
		if change.Revision != "" && change.Revision != p.EnvRevision(*set) {
			return errEnvChanged
		}
		before := *set
		*set = change.apply(*set)
		changed = envWords(before, *set)
		project.UpdatedAt = p.now()
		return set.Validate()
	})
	if err != nil {
		return Project{}, nil, err
	}
	if changed != "" {
		p.tellProject(ctx, EventProjectChanged, project, caller, changed+ofBuilds(change.Build))
	}
	if change.Build {
		return project, nil, nil
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

// ofBuilds says which variables are meant.
func ofBuilds(build bool) string {
	if build {
		return " for builds"
	}
	return ""
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
