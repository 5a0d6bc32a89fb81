package paas

import (
	"context"
	"strings"
)

// OneOffProcess is the type of what people run by `paastech run`.
const OneOffProcess = "run"

// RunCommand runs a command in a new container of the live version's image and variables, to its end.
func (p *Platform) RunCommand(ctx context.Context, caller User, id ProjectID, command []string, streams Streams) (Ending, error) {
	d, project, err := p.runnable(ctx, caller, id, command)
	if err != nil {
		return Ending{}, err
	}
	claim, err := p.claimOneOff(ctx, project, p.least())
	if err != nil {
		return Ending{}, err
	}
	defer claim.release()
	spec := p.oneOff(d, OneOffProcess)
	spec.Args = command
	return p.Engine.Run(ctx, spec, streams)
}

// Exec runs a command in a container of the live version: that of a process such as web.2, or the
// first when it is empty.
func (p *Platform) Exec(ctx context.Context, caller User, id ProjectID, process string, command []string, streams Streams) (Ending, error) {
	d, _, err := p.runnable(ctx, caller, id, command)
	if err != nil {
		return Ending{}, err
	}
	defer p.sleepers.hold(id, p.now)()
	if err := p.rouseFor(ctx, id); err != nil {
		return Ending{}, err
	}
	containers, err := p.containersOf(ctx, id)
	if err != nil {
		return Ending{}, err
	}
	for _, s := range d.formation().slots() {
		if process != "" && process != s.process && process != s.String() {
			continue
		}
		for _, c := range containers {
			if c.Running && !c.OneOff && c.Deployment == d.Number && (slot{c.Process, c.Index}) == s {
				return p.Engine.Exec(ctx, c.ID, command, streams)
			}
		}
	}
	if process == "" {
		process = "container"
	}
	return Ending{}, Errorf(Conflict, EConflict, "No %s of this project runs. `paastech ps` shows what does.", process)
}

func (p *Platform) runnable(ctx context.Context, caller User, id ProjectID, command []string) (Deployment, Project, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return Deployment{}, project, err
	}
	if len(command) == 0 || len(strings.Join(command, " ")) > MaxCommand || strings.ContainsRune(strings.Join(command, ""), 0) {
		return Deployment{}, project, InvalidField("command", "Give a command of at most %d bytes.", MaxCommand)
	}
	d, err := p.Store.LiveDeployment(ctx, id)
	if IsKind(err, NotFound) {
		return d, project, Errorf(NotFound, ENeverBuilt, "No version of this project was ever live. Push its source first: git push paastech main.")
	}
	return d, project, err
}
