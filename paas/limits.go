package paas

import (
	"cmp"
	"context"
)

// UserLimits bounds what one user's projects may use together; 0 is no bound.
type UserLimits struct {
	Projects   int   `json:"projects"`
	Memory     int64 `json:"memory"`     // bytes, of all running containers
	Containers int   `json:"containers"` // running, or asleep: those keep their place, so that a request can always wake them
	Builds     int   `json:"builds"`     // at a time
	Disk       int64 `json:"disk"`       // bytes: repositories, images, caches, logs
}

// Usage is what of the limits is used.
type Usage = UserLimits

// Validate refuses limits below nothing.
func (l UserLimits) Validate() error {
	if l.Projects < 0 || l.Memory < 0 || l.Containers < 0 || l.Builds < 0 || l.Disk < 0 {
		return InvalidField("limits", "A limit is a number from 1 up, or 0 for none.")
	}
	return nil
}

// LimitsOf are the limits that hold for a user.
func (p *Platform) LimitsOf(user User) UserLimits {
	if user.Limits != nil {
		return *user.Limits
	}
	return p.Limits
}

// Usage measures what a user's projects use.
func (p *Platform) Usage(ctx context.Context, user UserID) (Usage, error) {
	projects, err := p.Store.Projects(ctx, user)
	if err != nil {
		return Usage{}, err
	}
	usage, err := p.running(ctx, projects, nil)
	if err != nil {
		return Usage{}, err
	}
	usage.Projects, usage.Builds = len(projects), p.builds(user)
	usage.Disk, err = p.disk(ctx, projects)
	return usage, err
}

// running counts running containers, and those that sleep, but for those of some projects.
func (p *Platform) running(ctx context.Context, projects []Project, but map[ProjectID]bool) (Usage, error) {
	containers, err := p.Engine.Containers(ctx)
	if err != nil {
		return Usage{}, err
	}
	own, asleep := map[ProjectID]bool{}, map[ProjectID]bool{}
	for _, project := range projects {
		own[project.ID] = !but[project.ID]
		asleep[project.ID] = project.Depth == Asleep
	}
	var usage Usage
	for _, container := range containers {
		if own[container.Project] && (container.Running || asleep[container.Project] && !container.OneOff) {
			usage.Containers++
			usage.Memory += cmp.Or(int64(container.Memory), p.AppMemory)
		}
	}
	return usage, nil
}

// runningBeside is what a user's projects run beside a claim, or are about to.
func (p *Platform) runningBeside(ctx context.Context, projects []Project, one *claim) (Usage, error) {
	need, replaced := p.claims.starting(one.owner, one)
	replaced[one.project] = replaced[one.project] || one.replaces
	usage, err := p.running(ctx, projects, replaced)
	usage.Containers += need.Containers
	usage.Memory += need.Memory
	return usage, err
}

// needs is what a version's containers take together.
func (p *Platform) needs(d Deployment) Usage {
	var need Usage
	for process, count := range d.formation() {
		limits := d.App.Limits.with(d.App.Processes[process].Limits)
		need.Containers += count
		need.Memory += int64(count) * cmp.Or(int64(limits.Memory), p.AppMemory)
	}
	return need
}

// least is what every version takes: one container.
func (p *Platform) least() Usage { return Usage{Containers: 1, Memory: p.AppMemory} }

func (p *Platform) disk(ctx context.Context, projects []Project) (int64, error) {
	var sum int64
	for _, project := range projects {
		size, err := p.diskOf(ctx, project.ID)
		if err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}

// diskOf is how many bytes of disk all of a project takes.
func (p *Platform) diskOf(ctx context.Context, id ProjectID) (int64, error) {
	use, err := p.diskUseOf(ctx, id)
	return use.Sum(), err
}

// checkStart refuses more running containers than their owner's limits leave. The claims are held.
func (p *Platform) checkStart(ctx context.Context, project Project, one *claim, need Usage) error {
	owner, limits, projects, err := p.bounds(ctx, project)
	if err != nil || limits.Containers == 0 && limits.Memory == 0 {
		return err
	}
	used, err := p.runningBeside(ctx, projects, one)
	if err != nil {
		return err
	}
	switch {
	case limits.Containers > 0 && used.Containers+need.Containers > limits.Containers:
		return Errorf(Forbidden, EQuotaContainers, "%s may have %d running containers and has %d; this needs %d. Stop another project, scale down, or ask an administrator for more.", owner.Username, limits.Containers, used.Containers, need.Containers)
	case limits.Memory > 0 && used.Memory+need.Memory > limits.Memory:
		return Errorf(Forbidden, EQuotaMemory, "%s may use %d MiB of memory and uses %d; this needs %d more. Stop another project, scale down, or ask an administrator for more.", owner.Username, limits.Memory>>20, used.Memory>>20, need.Memory>>20)
	}
	return nil
}

// checkBuilds refuses one more build at a time than its owner may have. The claims are held.
func (p *Platform) checkBuilds(ctx context.Context, project Project) error {
	owner, limits, _, err := p.bounds(ctx, project)
	if err != nil || limits.Builds == 0 {
		return err
	}
	if p.claims.building(owner.ID) >= limits.Builds {
		return Errorf(Forbidden, EQuotaBuilds, "%s may have %d builds at a time. Push again when another one has ended.", owner.Username, limits.Builds)
	}
	return nil
}

// checkDisk refuses a build when its owner's disk is used up.
func (p *Platform) checkDisk(ctx context.Context, project Project) error {
	owner, limits, projects, err := p.bounds(ctx, project)
	if err != nil || limits.Disk == 0 {
		return err
	}
	used, err := p.disk(ctx, projects)
	if err != nil {
		return err
	}
	if used >= limits.Disk {
		return Errorf(Forbidden, EQuotaDisk, "%s may use %d MiB of disk and uses %d. Delete a project, or ask an administrator for more.", owner.Username, limits.Disk>>20, used>>20)
	}
	return nil
}

func (p *Platform) bounds(ctx context.Context, project Project) (User, UserLimits, []Project, error) {
	owner, err := p.Store.User(ctx, project.Owner)
	if err != nil {
		return User{}, UserLimits{}, nil, err
	}
	limits := p.LimitsOf(owner)
	if limits == (UserLimits{}) {
		return owner, limits, nil, nil
	}
	projects, err := p.Store.Projects(ctx, owner.ID)
	return owner, limits, projects, err
}
