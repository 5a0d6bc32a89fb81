package paas

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Deletion is what the deletion of a project or an account would take along.
type Deletion struct {
	Projects   []Project
	Containers int
	Disk       int64 // bytes: repositories, images, caches, logs
	Keys       int
	Tokens     int
}

// deletionTimeout is how long whoever asked for a deletion is kept waiting; the platform goes on after it.
const deletionTimeout = 2 * time.Minute

// ProjectDeletion says what deleting a project would take along.
func (p *Platform) ProjectDeletion(ctx context.Context, caller User, id ProjectID) (Deletion, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return Deletion{}, err
	}
	return p.deletionOf(ctx, []Project{project})
}

// UserDeletion says what deleting an account would take along.
func (p *Platform) UserDeletion(ctx context.Context, username string) (Deletion, error) {
	user, err := p.UserByName(ctx, username)
	if err != nil {
		return Deletion{}, err
	}
	projects, err := p.Store.Projects(ctx, user.ID)
	if err != nil {
		return Deletion{}, err
	}
	deletion, err := p.deletionOf(ctx, projects)
	if err != nil {
		return Deletion{}, err
	}
	keys, err := p.Store.Keys(ctx, user.ID)
	if err != nil {
		return Deletion{}, err
	}
	tokens, err := p.Store.Tokens(ctx, user.ID)
	deletion.Keys, deletion.Tokens = len(keys), len(tokens)
	return deletion, err
}

func (p *Platform) deletionOf(ctx context.Context, projects []Project) (Deletion, error) {
	deletion := Deletion{Projects: projects}
	containers, err := p.Engine.Containers(ctx)
	if err != nil {
		return Deletion{}, err
	}
	for _, project := range projects {
		for _, container := range containers {
			if container.Project == project.ID {
				deletion.Containers++
			}
		}
		size, err := p.diskOf(ctx, project.ID)
		if err != nil {
			return Deletion{}, err
		}
		deletion.Disk += size
	}
	return deletion, nil
}

// DeleteProject removes a project and everything of it. From the first moment nobody finds it any
// more; what a daemon did not get done the next one finishes.
func (p *Platform) DeleteProject(ctx context.Context, caller User, id ProjectID) error {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return err
	}
	if err := p.Store.BeginProjectDeletion(ctx, id); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deletionTimeout)
	defer cancel()
	return goesOn(p.finishProject(ctx, project))
}

// DeleteOwnAccount deletes the caller's account; it asks for the password.
func (p *Platform) DeleteOwnAccount(ctx context.Context, user User, password Secret, from netip.Addr) error {
	if err := p.confirmPassword(ctx, user, password, from); err != nil {
		return err
	}
	return p.deleteUser(ctx, user)
}

// DeleteUser deletes an account on behalf of an administrator.
func (p *Platform) DeleteUser(ctx context.Context, username string) error {
	user, err := p.UserByName(ctx, username)
	if err != nil {
		return err
	}
	return p.deleteUser(ctx, user)
}

func (p *Platform) deleteUser(ctx context.Context, user User) error {
	if err := p.Store.BeginUserDeletion(ctx, user.ID); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deletionTimeout)
	defer cancel()
	return goesOn(p.finishUser(ctx, user))
}

// goesOn is what whoever deleted hears when the work could not be finished at once.
func goesOn(err error) error {
	if err == nil {
		return nil
	}
	return Errorf(Unavailable, EUnavailable, "The deletion has begun and cannot be undone, but not everything could be removed yet. The platform goes on by itself.").Because(err)
}

// finishProject does the work of a deletion that has begun, the row last; it can be repeated from anywhere.
func (p *Platform) finishProject(ctx context.Context, project Project) error {
	id := project.ID
	p.queue.cancelAll(id, Errorf(Canceled, ECanceled, "The project was deleted."))
	release, err := p.queue.take(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	p.Router.Remove(p.Hostname(id))
	if err := p.renamed(ctx); err != nil { // its domains are free
		p.Log.WarnContext(ctx, "read the domains", "error", err)
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"remove containers", func() error { return p.Engine.Forget(ctx, id) }},
		{"remove images and caches", func() error { return p.Builder.Forget(ctx, id) }},
		{"remove logs of builds", func() error { return p.logs.remove(id) }},
		{"remove logs", func() error { return p.Logbook.Forget(ctx, id) }},
		{"remove repository", func() error { return p.Repositories.Delete(ctx, id) }},
		{"remove row", func() error { return ignoreMissing(p.Store.DeleteProject(ctx, id)) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s of project %s: %w", step.what, id, err)
		}
	}
	p.events.publish(Event{Kind: EventProjectDeleted, Project: id, Owner: project.Owner, At: p.now()})
	p.Log.InfoContext(ctx, "project deleted", "project", id)
	return nil
}

func (p *Platform) finishUser(ctx context.Context, user User) error {
	projects, err := p.Store.DeletingProjects(ctx)
	if err != nil {
		return err
	}
	for _, project := range projects {
		if project.Owner != user.ID {
			continue
		}
		if err := p.finishProject(ctx, project); err != nil {
			return err
		}
	}
	if err := ignoreMissing(p.Store.DeleteUser(ctx, user.ID)); err != nil {
		return fmt.Errorf("remove account: %w", err)
	}
	p.Log.InfoContext(ctx, "account deleted", "user", user.Username)
	return nil
}

func ignoreMissing(err error) error {
	if IsKind(err, NotFound) {
		return nil
	}
	return err
}

// finishDeletions does what is left of deletions that have begun.
func (p *Platform) finishDeletions(ctx context.Context) error {
	projects, err := p.Store.DeletingProjects(ctx)
	if err != nil {
		return err
	}
	users, err := p.Store.DeletingUsers(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, project := range projects {
		errs = append(errs, p.finishProject(ctx, project))
	}
	for _, user := range users {
		errs = append(errs, p.finishUser(ctx, user))
	}
	return errors.Join(errs...)
}

// removeUnverified removes accounts whose address nobody has confirmed in time.
func (p *Platform) removeUnverified(ctx context.Context) error {
	users, err := p.Store.UnverifiedBefore(ctx, p.now().Add(-p.Accounts.UnverifiedTTL))
	if err != nil {
		return err
	}
	for _, user := range users {
		if err := ignoreMissing(p.deleteUser(ctx, user)); err != nil {
			return err
		}
	}
	return nil
}
