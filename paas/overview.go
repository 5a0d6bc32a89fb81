package paas

import "context"

// Overview is the platform at a glance, for administrators.
type Overview struct {
	Users       int
	Admins      int
	Unverified  int
	Projects    int
	Statuses    map[Status]int
	Containers  int // running
	Active      int // deployments on their way
	MailsQueued int
	MailsFailed int
}

// Overview counts what there is.
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
	overview := Overview{Users: len(users), Projects: len(projects), Statuses: map[Status]int{}}
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
	return p.countMoving(ctx, overview)
}

func (p *Platform) countMoving(ctx context.Context, overview Overview) (Overview, error) {
	active, err := p.Store.ActiveDeployments(ctx)
	if err != nil {
		return Overview{}, err
	}
	overview.Active = len(active)
	mails, err := p.Store.Mails(ctx, 0)
	for _, mail := range mails {
		switch mail.State {
		case MailQueued:
			overview.MailsQueued++
		case MailFailed:
			overview.MailsFailed++
		}
	}
	if err != nil {
		return Overview{}, err
	}
	containers, err := p.Engine.Containers(ctx)
	if err != nil {
		p.Log.WarnContext(ctx, "list containers", "error", err)
	}
	for _, container := range containers {
		if container.Running {
			overview.Containers++
		}
	}
	return overview, nil
}
