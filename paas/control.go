package paas

import (
	"context"
	"time"
)

// DeployOptions say what to deploy and how long to wait.
type DeployOptions struct {
	Env    Env              // non-empty: replaces the project's whole set first
	Queued func(Deployment) // told the deployment as soon as it has its number; may be nil
}

// Deploy makes the newest image and the project's configuration the running version. When that runs
// already it does nothing. NotFound with ENeverBuilt before the first push.
func (p *Platform) Deploy(ctx context.Context, caller User, id ProjectID, options DeployOptions) (Deployment, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return Deployment{}, err
	}
	image, err := p.newestImage(ctx, id)
	if err != nil {
		return Deployment{}, err
	}
	project, err := p.replaceEnv(ctx, id, options.Env)
	if err != nil {
		return Deployment{}, err
	}
	if live, err := p.Store.LiveDeployment(ctx, id); err == nil && !project.Stopped && equalEnv(live.Env, project.Env) && live.runsSettings(project) && live.Image.Ref == image.Image.Ref {
		return live, nil
	}
	return p.redeploy(ctx, caller, image, ReasonDeploy, options.Queued)
}

func (p *Platform) replaceEnv(ctx context.Context, id ProjectID, env Env) (Project, error) {
	if err := env.Validate(); err != nil {
		return Project{}, err
	}
	return p.Store.ChangeProject(ctx, id, func(project *Project) error {
		if len(env) > 0 {
			project.Env = env
			project.UpdatedAt = p.now()
		}
		return nil
	})
}

// Restart replaces the running version by a fresh start of the same image.
func (p *Platform) Restart(ctx context.Context, caller User, id ProjectID, queued func(Deployment)) (Deployment, error) {
	return p.again(ctx, caller, id, ReasonRestart, queued)
}

// Start starts a stopped project; when it runs already it does nothing.
func (p *Platform) Start(ctx context.Context, caller User, id ProjectID, queued func(Deployment)) (Deployment, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return Deployment{}, err
	}
	if live, err := p.Store.LiveDeployment(ctx, id); err == nil && !project.Stopped {
		return live, p.rouseFor(ctx, id)
	}
	return p.again(ctx, caller, id, ReasonStart, queued)
}

func (p *Platform) again(ctx context.Context, caller User, id ProjectID, reason Reason, queued func(Deployment)) (Deployment, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return Deployment{}, err
	}
	image, err := p.newestImage(ctx, id)
	if err != nil {
		return Deployment{}, err
	}
	return p.redeploy(ctx, caller, image, reason, queued)
}

// redeploy makes a deployment of an earlier one's image and the configuration of now.
func (p *Platform) redeploy(ctx context.Context, caller User, of Deployment, reason Reason, queued func(Deployment)) (Deployment, error) {
	project, err := p.Store.Project(ctx, of.Project)
	if err != nil {
		return Deployment{}, err
	}
	next := Deployment{Image: of.Image}
	next.configure(project)
	claim, err := p.claimStart(ctx, project, p.needs(next))
	if err != nil {
		return Deployment{}, err
	}
	deployment := Deployment{Project: of.Project, Reason: reason, By: caller.ID, Branch: of.Branch, Commit: of.Commit, Note: of.Note, Image: of.Image}
	if reason == ReasonRollback {
		deployment.Restores = of.Number
	}
	return p.deploy(ctx, deployment, rollout{claim: claim, queued: queued})
}

// Stop ends a project's containers and says so at its address until it is started again.
func (p *Platform) Stop(ctx context.Context, caller User, id ProjectID) error {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return err
	}
	job, err := p.queue.submit(ctx, id, 0, func(ctx context.Context) error {
		release, err := p.queue.take(ctx, id)
		if err != nil {
			return err
		}
		defer release()
		if _, err := p.Store.ChangeProject(ctx, id, func(project *Project) error {
			project.Stopped = true
			return nil
		}); err != nil {
			return err
		}
		if err := p.Store.SetDepth(ctx, id, Awake, time.Time{}); err != nil {
			return err
		}
		if !project.Stopped {
			p.tellProject(ctx, EventProjectStopped, project, caller, "stopped it")
		}
		return p.halt(ctx, id)
	})
	if err != nil {
		return err
	}
	return job.wait(ctx, false)
}

// newestImage is the newest deployment whose image has been live; while none has, the newest built.
func (p *Platform) newestImage(ctx context.Context, id ProjectID) (Deployment, error) {
	if live, err := p.Store.LiveDeployment(ctx, id); err == nil || !IsKind(err, NotFound) {
		return live, err
	}
	all, err := p.Store.Deployments(ctx, id, 0, 0)
	if err != nil {
		return Deployment{}, err
	}
	for _, deployment := range all {
		if deployment.Image.Ref != "" {
			return deployment, nil
		}
	}
	return Deployment{}, Errorf(NotFound, ENeverBuilt, "This project was never built. Push its source first: git push paastech main.")
}

// Deployments lists a project's deployments, newest first, from below the number before (0 is no
// bound) and at most limit (0 is all).
func (p *Platform) Deployments(ctx context.Context, caller User, id ProjectID, before, limit int) ([]Deployment, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	return p.Store.Deployments(ctx, id, before, limit)
}

// Deployment returns one of a project's deployments.
func (p *Platform) Deployment(ctx context.Context, caller User, id ProjectID, number int) (Deployment, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return Deployment{}, err
	}
	deployment, err := p.Store.Deployment(ctx, id, number)
	if IsKind(err, NotFound) {
		return Deployment{}, Errorf(NotFound, ENotFound, "The project has no deployment v%d.", number)
	}
	return deployment, err
}
