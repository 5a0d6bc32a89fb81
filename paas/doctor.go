package paas

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Finding is something that is not as it should be, in a sentence with what to do.
type Finding struct {
	Part    string `json:"part"` // database, containers, images, repositories, logs, deployments
	Message string `json:"message"`
}

// stuckAfter is how long a deployment may be on its way: the longest build and start, and then some.
const stuckAfter = time.Hour

// Examine compares what is kept in every place with what was decided: nothing is there that belongs
// to nobody, and nothing is missing. It changes nothing.
func (p *Platform) Examine(ctx context.Context) ([]Finding, error) {
	damages, err := p.Store.Check(ctx)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, damage := range damages {
		findings = append(findings, Finding{"database", damage})
	}
	known, err := p.knownProjects(ctx)
	if err != nil {
		return nil, err
	}
	orphans, err := p.orphans(ctx, known)
	if err != nil {
		return nil, err
	}
	missing, err := p.missing(ctx)
	return slices.Concat(findings, orphans, missing), err
}

// knownProjects are those that have a row, on their way out or not.
func (p *Platform) knownProjects(ctx context.Context) (map[ProjectID]bool, error) {
	projects, err := p.Store.AllProjects(ctx)
	if err != nil {
		return nil, err
	}
	deleting, err := p.Store.DeletingProjects(ctx)
	known := map[ProjectID]bool{}
	for _, project := range slices.Concat(projects, deleting) {
		known[project.ID] = true
	}
	return known, err
}

// orphans finds what is kept of projects that have no row.
func (p *Platform) orphans(ctx context.Context, known map[ProjectID]bool) ([]Finding, error) {
	var findings []Finding
	for _, place := range []struct {
		part string
		list func(context.Context) ([]ProjectID, error)
	}{
		{"containers", p.Engine.Projects},
		{"images", p.Builder.Projects},
		{"repositories", p.Repositories.Projects},
		{"logs", func(context.Context) ([]ProjectID, error) { return p.logs.projects() }},
		{"logs", p.Logbook.Projects},
	} {
		kept, err := place.list(ctx)
		if err != nil {
			return nil, fmt.Errorf("list projects that have %s: %w", place.part, err)
		}
		for _, id := range kept {
			if !known[id] {
				findings = append(findings, Finding{place.part, fmt.Sprintf("something is kept of project %s, which does not exist", id)})
			}
		}
	}
	return findings, nil
}

// missing finds what projects lack that they should have.
func (p *Platform) missing(ctx context.Context) ([]Finding, error) {
	w, err := p.look(ctx)
	if err != nil {
		return nil, err
	}
	repositories, err := p.Repositories.Projects(ctx)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for id, project := range w.projects {
		if !slices.Contains(repositories, id) {
			findings = append(findings, Finding{"repositories", fmt.Sprintf("project %s (%s) has no repository", id, project.Name)})
		}
		for _, o := range p.plan(w, id) {
			findings = append(findings, Finding{"containers", fmt.Sprintf("project %s (%s): the engine should %s", id, project.Name, o)})
		}
	}
	active, err := p.Store.ActiveDeployments(ctx)
	for _, d := range active {
		if p.now().Sub(d.CreatedAt) > stuckAfter {
			findings = append(findings, Finding{"deployments", fmt.Sprintf("%s of project %s is %s since %s", d.Name(), d.Project, d.State, d.CreatedAt.Format(time.RFC3339))})
		}
	}
	return findings, err
}

// RepairOrphans removes what Examine finds of projects that do not exist.
func (p *Platform) RepairOrphans(ctx context.Context) error {
	known, err := p.knownProjects(ctx)
	if err != nil {
		return err
	}
	w, err := p.look(ctx)
	if err != nil {
		return err
	}
	if err := p.refuseMassRemoval(w); err != nil {
		return err
	}
	for _, place := range []struct {
		list   func(context.Context) ([]ProjectID, error)
		remove func(context.Context, ProjectID) error
	}{
		{p.Engine.Projects, p.Engine.Forget},
		{p.Builder.Projects, p.Builder.Forget},
		{p.Repositories.Projects, p.Repositories.Delete},
		{p.Logbook.Projects, p.Logbook.Forget},
		{func(context.Context) ([]ProjectID, error) { return p.logs.projects() }, func(_ context.Context, id ProjectID) error { return p.logs.remove(id) }},
	} {
		kept, err := place.list(ctx)
		if err != nil {
			return err
		}
		for _, id := range kept {
			if known[id] {
				continue
			}
			if err := place.remove(ctx, id); err != nil {
				return err
			}
			p.Log.InfoContext(ctx, "removed what was left of a project", "project", id)
		}
	}
	return nil
}
