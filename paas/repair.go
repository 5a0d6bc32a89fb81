package paas

import (
	"context"
	"fmt"
)

// Repair does what is safe of what an examination finds: it removes what is kept of projects that do not
// exist, closes the packet filter, mounts volumes, makes room, and has what runs agree with what was
// decided. Then it looks again, and tells what it did and what is left to find.
func (p *Platform) Repair(ctx context.Context) (Examination, error) {
	w, err := p.decided(ctx)
	if err != nil {
		return Examination{}, err
	}
	done, err := p.removeOrphans(ctx, w)
	if err != nil {
		return Examination{}, err
	}
	mended, err := p.Engine.Mend(ctx, w.running())
	if err != nil {
		return Examination{}, err
	}
	done = append(done, mended...)
	for _, step := range []func(context.Context, decided) ([]string, error){p.repairRepositories, p.repairLogs, p.repairDisk, p.repairContainers} {
		more, err := step(ctx, w)
		if err != nil {
			return Examination{}, err
		}
		done = append(done, more...)
	}
	for _, what := range done {
		p.Log.InfoContext(ctx, "repaired", "what", what)
	}
	if len(done) == 0 {
		done = []string{"There was nothing that a repair could do."}
	}
	return p.examine(ctx, done)
}

// removeOrphans removes what is kept of projects that do not exist, unless that is most of what runs.
func (p *Platform) removeOrphans(ctx context.Context, decided decided) (done []string, err error) {
	w, err := p.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.refuseMassRemoval(w); err != nil {
		return nil, err
	}
	for _, place := range []struct {
		what   string
		list   func(context.Context) ([]ProjectID, error)
		remove func(context.Context, ProjectID) error
	}{
		{"containers, networks, images and volumes", p.Engine.Projects, p.Engine.Forget},
		{"caches and published images", p.Builder.Projects, p.Builder.Forget},
		{"the repository", p.Repositories.Projects, p.Repositories.Delete},
		{"application logs", p.Logbook.Projects, p.Logbook.Forget},
		{"build logs", func(context.Context) ([]ProjectID, error) { return p.logs.projects() }, func(_ context.Context, id ProjectID) error { return p.logs.remove(id) }},
	} {
		kept, err := place.list(ctx)
		if err != nil {
			return done, err
		}
		for _, id := range kept {
			if decided.known[id] {
				continue
			}
			if err := place.remove(ctx, id); err != nil {
				return done, err
			}
			done = append(done, fmt.Sprintf("Removed %s of project %s, which does not exist.", place.what, id))
		}
	}
	return done, nil
}

// repairRepositories makes repositories that are missing: those who push find an empty one.
func (p *Platform) repairRepositories(ctx context.Context, w decided) (done []string, err error) {
	check := NewCheck(PartRepositories)
	if err := p.examineRepositories(ctx, w, &check); err != nil || len(check.Findings) == 0 {
		return nil, err
	}
	there, err := p.Repositories.Projects(ctx)
	if err != nil {
		return nil, err
	}
	has := map[ProjectID]bool{}
	for _, id := range there {
		has[id] = true
	}
	for _, id := range sortedProjects(w.projects) {
		if has[id] {
			continue
		}
		if err := p.Repositories.Create(ctx, id); err != nil {
			return done, err
		}
		done = append(done, fmt.Sprintf("Made an empty repository of %s.", w.name(id)))
	}
	return done, nil
}

// repairLogs removes the oldest lines of logs that are larger than they may be.
func (p *Platform) repairLogs(ctx context.Context, w decided) (done []string, err error) {
	for _, id := range sortedProjects(w.projects) {
		size, err := p.Logbook.Size(ctx, id)
		if err != nil {
			return done, err
		}
		if size <= p.Logbook.Quota() {
			continue
		}
		if err := p.Logbook.Limit(ctx, id); err != nil {
			return done, err
		}
		done = append(done, fmt.Sprintf("Removed the oldest lines of the log of %s.", w.name(id)))
	}
	return done, nil
}

// repairDisk makes room when there is less than the reserve.
func (p *Platform) repairDisk(ctx context.Context, _ decided) ([]string, error) {
	before, err := p.lackingDisk()
	if err != nil || before <= 0 {
		return nil, err
	}
	if err := p.collectGarbage(ctx); err != nil {
		return nil, err
	}
	after, err := p.lackingDisk()
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("Removed caches and old logs: %s more are free.", Bytes(max(0, before-after)).Rough())}, nil
}

// repairContainers has what runs agree with what was decided, as happens every minute anyway.
func (p *Platform) repairContainers(ctx context.Context, decided decided) (done []string, err error) {
	w, err := p.look(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range sortedProjects(w.projects) {
		for _, o := range p.plan(w, id) {
			done = append(done, fmt.Sprintf("Had the engine %s, of %s.", o, decided.name(id)))
		}
	}
	if len(done) == 0 {
		return nil, nil
	}
	return done, p.Reconcile(ctx)
}
