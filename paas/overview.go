package paas

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Overview is the platform at a glance, for administrators.
type Overview struct {
	Users       int
	Admins      int
	Unverified  int
	Projects    int
	Statuses    map[Status]int
	Containers  int   // running
	Promised    int64 // bytes of memory that those may use together
	Active      int   // deployments on their way
	Queued      int   // of which wait for their turn
	Building    int   // of which are being built
	MailsQueued int
	MailsFailed int

	Capacity *Capacity // nil when nobody measures the host
	Reserve  int64     // bytes of disk that stay free
	DiskUse  DiskUse   // of all projects, at most a minute ago
	Concerns []Concern
}

// Overview counts what there is, and says what should be looked at.
func (p *Platform) Overview(ctx context.Context) (Overview, error) {
	users, err := p.Store.Users(ctx)
	if err != nil {
		return Overview{}, err
	}
	projects, err := p.Store.AllProjects(ctx)
	if err != nil {
		return Overview{}, err
	}
	states, err := p.States(ctx, projects)
	if err != nil {
		return Overview{}, err
	}
	overview := Overview{Users: len(users), Projects: len(projects), Statuses: map[Status]int{}, Concerns: projectConcerns(projects, states)}
	for _, user := range users {
		if user.IsAdmin {
			overview.Admins++
		}
		if !user.Verified {
			overview.Unverified++
		}
	}
	for _, state := range states {
		overview.Statuses[state.Status]++
	}
	for _, count := range []func(context.Context, *Overview) error{p.countDeployments, p.countMails, p.countContainers, p.measureHost} {
		if err := count(ctx, &overview); err != nil {
			return Overview{}, err
		}
	}
	overview.Concerns = append(overview.Concerns, p.certificateConcerns(ctx)...)
	overview.Concerns = append(overview.Concerns, p.backupConcerns()...)
	overview.DiskUse, err = p.diskUse(ctx, projects)
	return overview, err
}

func (p *Platform) countDeployments(ctx context.Context, overview *Overview) error {
	active, err := p.Store.ActiveDeployments(ctx)
	overview.Active = len(active)
	for _, deployment := range active {
		switch deployment.State {
		case Queued:
			overview.Queued++
		case Building:
			overview.Building++
		}
	}
	return err
}

func (p *Platform) countMails(ctx context.Context, overview *Overview) error {
	mails, err := p.Store.Mails(ctx, 0)
	for _, mail := range mails {
		switch mail.State {
		case MailQueued:
			overview.MailsQueued++
		case MailFailed:
			overview.MailsFailed++
		}
	}
	overview.Concerns = append(overview.Concerns, mailConcerns(mails)...)
	return err
}

// countContainers counts none while the engine does not answer: the rest can be seen all the same.
func (p *Platform) countContainers(ctx context.Context, overview *Overview) error {
	containers, err := p.Engine.Containers(ctx)
	if err != nil {
		p.Log.WarnContext(ctx, "list containers", "error", err)
	}
	for _, container := range containers {
		if container.Running {
			overview.Containers++
			overview.Promised += cmp.Or(int64(container.Memory), p.AppMemory)
		}
	}
	return nil
}

func (p *Platform) measureHost(_ context.Context, overview *Overview) error {
	overview.Reserve = p.DiskReserve
	if p.Measure == nil {
		return nil
	}
	capacity, err := p.Measure()
	if err != nil {
		return fmt.Errorf("measure the host: %w", err)
	}
	overview.Capacity = &capacity
	overview.Concerns = slices.Concat(diskConcerns(capacity.DiskFree, p.DiskReserve), overview.Concerns)
	return nil
}
