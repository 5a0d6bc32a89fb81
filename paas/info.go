package paas

import (
	"context"
	"io"
)

// ProjectState is what a project shows: its status, its live deployment and its newest one.
type ProjectState struct {
	Status Status
	Live   *Deployment
	Newest *Deployment
}

// LogQuery chooses lines of a project's log.
type LogQuery = LogOptions

// Logs returns the lines of the containers of the live deployment (or, when stopped, of the last one).
func (p *Platform) Logs(ctx context.Context, caller User, id ProjectID, query LogQuery) (io.ReadCloser, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	containers, err := p.containersOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(containers) == 0 {
		return io.NopCloser(eof{}), nil
	}
	return p.Engine.Logs(ctx, newest(containers).ID, query)
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// Statistics adds up what a project's containers use; zeros when it does not run.
func (p *Platform) Statistics(ctx context.Context, caller User, id ProjectID) (Statistics, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return Statistics{}, err
	}
	containers, err := p.containersOf(ctx, id)
	if err != nil {
		return Statistics{}, err
	}
	var sum Statistics
	for _, container := range containers {
		if !container.Running {
			continue
		}
		one, err := p.Engine.Statistics(ctx, container.ID)
		if err != nil && !IsKind(err, NotFound) {
			return Statistics{}, err
		}
		sum.CPUUsage += one.CPUUsage
		sum.MemoryUsage += one.MemoryUsage
		sum.MemoryLimit += one.MemoryLimit
	}
	return sum, nil
}

// State tells what a project shows.
func (p *Platform) State(ctx context.Context, caller User, id ProjectID) (ProjectState, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return ProjectState{}, err
	}
	states, err := p.States(ctx, []Project{project})
	if err != nil {
		return ProjectState{}, err
	}
	return states[id], nil
}

// States tells what each of some projects shows, with one question to the engine for all of them.
func (p *Platform) States(ctx context.Context, projects []Project) (map[ProjectID]ProjectState, error) {
	containers, err := p.Engine.Containers(ctx)
	if err != nil {
		p.Log.WarnContext(ctx, "list containers", "error", err)
	}
	running := map[ProjectID][]Container{}
	for _, container := range containers {
		running[container.Project] = append(running[container.Project], container)
	}
	ids := make([]ProjectID, len(projects))
	for i, project := range projects {
		ids[i] = project.ID
	}
	newest, live, err := p.Store.LatestDeployments(ctx, ids)
	if err != nil {
		return nil, err
	}
	states := make(map[ProjectID]ProjectState, len(projects))
	for _, project := range projects {
		state := ProjectState{}
		if d, there := live[project.ID]; there {
			state.Live = &d
		}
		if d, there := newest[project.ID]; there {
			state.Newest = &d
		}
		state.Status = status(project, state, running[project.ID])
		states[project.ID] = state
	}
	return states, nil
}

// status is the rule that turns what was decided and what runs into the one word a project shows.
func status(project Project, state ProjectState, containers []Container) Status {
	up, restarting := 0, 0
	for _, container := range containers {
		if container.Running {
			up++
		}
		if container.Restarting {
			restarting++
		}
	}
	switch {
	case project.Stopped && up > 0:
		return StatusStopping
	case project.Stopped:
		return StatusStopped
	case state.Newest == nil:
		return StatusNew
	case state.Live == nil && state.Newest.State.Active():
		return StatusStarting
	case state.Live == nil:
		return StatusFailed
	case restarting > 0 || up == 0:
		return StatusCrashing
	default:
		return StatusRunning
	}
}

func (p *Platform) containersOf(ctx context.Context, id ProjectID) ([]Container, error) {
	all, err := p.Engine.Containers(ctx)
	if err != nil {
		return nil, err
	}
	var own []Container
	for _, container := range all {
		if container.Project == id {
			own = append(own, container)
		}
	}
	return own, nil
}

// newest prefers running containers, then the highest deployment.
func newest(containers []Container) Container {
	best := containers[0]
	for _, c := range containers[1:] {
		if c.Running != best.Running && c.Running || c.Running == best.Running && c.Deployment > best.Deployment {
			best = c
		}
	}
	return best
}
