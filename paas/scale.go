package paas

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Scale sets how many containers of each named process run, and rolls that out when the project is
// live. The deployment is nil when nothing had to be rolled out.
func (p *Platform) Scale(ctx context.Context, caller User, id ProjectID, to Formation, queued func(Deployment)) (Project, *Deployment, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return Project{}, nil, err
	}
	if len(to) == 0 {
		return Project{}, nil, InvalidField("processes", "Say how many of which process: web=2 worker=1.")
	}
	live, err := p.Store.LiveDeployment(ctx, id)
	if err != nil && !IsKind(err, NotFound) {
		return Project{}, nil, err
	}
	isLive := err == nil
	for process, count := range to {
		if err := checkScale(process, count, live, isLive); err != nil {
			return Project{}, nil, err
		}
	}
	project, err = p.Store.ChangeProject(ctx, id, func(project *Project) error {
		project.Formation = maps.Clone(project.Formation)
		if project.Formation == nil {
			project.Formation = Formation{}
		}
		maps.Copy(project.Formation, to)
		project.UpdatedAt = p.now()
		return nil
	})
	if err != nil {
		return project, nil, err
	}
	p.tellProject(ctx, EventProjectChanged, project, caller, "asked for "+to.String())
	if !isLive || project.Stopped {
		return project, nil, nil
	}
	if maps.Equal(live.formation(), formation(live.Image, live.App, project.Formation)) {
		return project, &live, nil
	}
	deployment, err := p.redeploy(ctx, caller, live, ReasonScale, queued)
	return project, &deployment, err
}

func checkScale(process string, count int, live Deployment, isLive bool) error {
	if !processType.MatchString(process) || process == ReleaseProcess {
		return InvalidField(process, "%q is not a process that can be scaled.", process)
	}
	if err := validateCount(process, process, count); err != nil {
		return err
	}
	if !isLive {
		return nil
	}
	known := formation(live.Image, live.App, nil)
	if _, there := known[process]; !there {
		return InvalidField(process, "The running version has no process %q; it has %s. Processes come from the Procfile or paastech/app.yaml.", process, strings.Join(known.Types(), ", "))
	}
	return nil
}

// Plan is what rolling out the newest image with the configuration of now would do.
func (p *Platform) Plan(ctx context.Context, caller User, id ProjectID) ([]Operation, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	next, err := p.newestImage(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := p.Store.Deployments(ctx, id, 0, 1)
	if err != nil {
		return nil, err
	}
	next.Number = all[0].Number + 1
	next.configure(project)
	containers, err := p.containersOf(ctx, id)
	if err != nil {
		return nil, err
	}
	containers = slices.DeleteFunc(containers, func(c Container) bool { return p.retiring.has(c.ID) || c.OneOff })
	return plan(containers, wanted{project: id, deployment: &next, rollout: true}), nil
}
