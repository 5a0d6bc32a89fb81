package paas

import (
	"context"
	"io"
	"iter"
	"time"
)

// ProjectState is what a project shows: its status, its live deployment and its newest one.
type ProjectState struct {
	Status    Status
	Live      *Deployment
	Newest    *Deployment
	Running   Formation // containers of the live version that run, by process
	Ending    Formation // those of earlier versions that are on their way out
	NextStart time.Time // of a crashing project's resting container; zero otherwise
	Why       string    // it is crashing, in a sentence
}

// Logs yields lines that a project's containers wrote, oldest first; with Follow until ctx ends, over
// every change of what runs.
func (p *Platform) Logs(ctx context.Context, caller User, id ProjectID, query LogQuery) (iter.Seq2[LogLine, error], error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	return p.Logbook.Read(ctx, id, query), nil
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
		sum.PIDs += one.PIDs
		sum.Received += one.Received
		sum.Sent += one.Sent
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
		is := p.vitals.condition(running[project.ID])
		state.NextStart, state.Why = is.nextStart, is.why
		state.Running, state.Ending = count(state.Live, running[project.ID])
		state.Status = status(project, state, running[project.ID], is)
		states[project.ID] = state
	}
	return states, nil
}

// count tells what runs of the live version from what runs still of earlier ones. What a later one has
// started already is neither: it counts when it is live.
func count(live *Deployment, containers []Container) (running, ending Formation) {
	running, ending = Formation{}, Formation{}
	for _, c := range containers {
		switch {
		case live == nil || !c.Running || c.OneOff:
		case c.Deployment == live.Number:
			running[c.Process]++
		case c.Deployment < live.Number:
			ending[c.Process]++
		}
	}
	return running, ending
}

// status is the rule that turns what was decided and what runs into the one word a project shows.
func status(project Project, state ProjectState, containers []Container, is condition) Status {
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
	case project.Depth != Awake:
		return StatusSleeping
	case is.crashing || restarting > 0 || up == 0 && state.Live.formation().total() > 0:
		return StatusCrashing
	case is.unwell:
		return StatusUnhealthy
	case is.starting:
		return StatusStarting
	default:
		return StatusRunning
	}
}

func (p *Platform) containersOf(ctx context.Context, id ProjectID) ([]Container, error) {
	return p.Engine.ContainersOf(ctx, id)
}
