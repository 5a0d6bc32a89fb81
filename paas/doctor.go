package paas

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// stuckAfter is how long a deployment may be on its way: the longest build and start, and then some.
const stuckAfter = time.Hour

// Examine compares what is kept in every place with what was decided: nothing is there that belongs
// to nobody, and nothing is missing or about to be. It changes nothing. A part that nobody can look at
// is a finding; the others are looked at all the same.
func (p *Platform) Examine(ctx context.Context) (Examination, error) {
	return p.examine(ctx, nil)
}

// examine looks at everything; a repair has tried to mend it before.
func (p *Platform) examine(ctx context.Context, repaired []string) (Examination, error) {
	w, err := p.decided(ctx)
	if err != nil {
		return Examination{}, err
	}
	database, err := p.examineDatabase(ctx, w)
	if err != nil {
		return Examination{}, err
	}
	found := Examination{Repaired: append([]string{}, repaired...), Checks: []Check{database}}
	found.Checks = append(found.Checks, p.Engine.Examine(ctx, w.running())...)
	found.Checks = append(found.Checks, p.Builder.Examine(ctx))
	for _, look := range []struct {
		part string
		at   func(context.Context, decided, *Check) error
	}{
		{PartContainers, p.examineContainers},
		{PartDeployments, p.examineDeployments},
		{PartImages, p.examineImages},
		{PartVolumes, p.examineVolumes},
		{PartRepositories, p.examineRepositories},
		{PartLogs, p.examineLogs},
		{PartDisk, p.examineDisk},
		{PartMails, p.examineMails},
		{PartCertificates, p.examineCertificates},
		{PartBackups, p.examineBackups},
		{PartNeighbours, p.examineNeighbours},
	} {
		check := NewCheck(look.part)
		if err := look.at(ctx, w, &check); err != nil {
			check = unexamined(look.part, err)
		}
		found.Checks = append(found.Checks, check)
	}
	for i, check := range found.Checks {
		if check.Part == PartDisk && len(repaired) > 0 {
			found.Checks[i] = afterRepair(check)
		}
	}
	if err := ctx.Err(); err != nil {
		return found, err
	}
	p.looked.keep(Look{At: p.now(), Examination: found})
	return found, nil
}

// decided is what the store says that there should be.
type decided struct {
	projects map[ProjectID]Project
	known    map[ProjectID]bool // those on their way out, too
	live     map[ProjectID]Deployment
	active   []Deployment
}

func (p *Platform) decided(ctx context.Context) (decided, error) {
	w := decided{map[ProjectID]Project{}, map[ProjectID]bool{}, map[ProjectID]Deployment{}, nil}
	projects, err := p.Store.AllProjects(ctx)
	if err != nil {
		return w, err
	}
	deleting, err := p.Store.DeletingProjects(ctx)
	if err != nil {
		return w, err
	}
	for _, project := range projects {
		w.projects[project.ID] = project
	}
	for _, project := range slices.Concat(projects, deleting) {
		w.known[project.ID] = true
	}
	live, err := p.Store.LiveDeployments(ctx)
	if err != nil {
		return w, err
	}
	for _, d := range live {
		if _, stays := w.projects[d.Project]; stays {
			w.live[d.Project] = d
		}
	}
	w.active, err = p.Store.ActiveDeployments(ctx)
	return w, err
}

// running are the projects of which something should run.
func (w decided) running() []ProjectID {
	var ids []ProjectID
	for _, id := range sortedProjects(w.live) {
		if !w.projects[id].Stopped && w.projects[id].Depth != Asleep && w.live[id].formation().total() > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// name is how a project is called in a sentence.
func (w decided) name(id ProjectID) string {
	return fmt.Sprintf("project %s (%s)", id, w.projects[id].Name)
}

// clockTolerance is by how much a clock may have been set back before it is told.
const clockTolerance = time.Minute

func (p *Platform) examineDatabase(ctx context.Context, w decided) (Check, error) {
	check := NewCheck(PartDatabase)
	damages, err := p.Store.Check(ctx)
	if err != nil {
		return check, err
	}
	for _, damage := range damages {
		check.Find(EDatabaseDamaged, "paastech db backup damaged.db", damage+"; copy the database as it is, stop the daemon, and restore the newest good copy")
	}
	check.Summary = fmt.Sprintf("is sound; %s", counted(len(w.projects), "project"))
	now := p.now()
	for _, id := range sortedProjects(w.live) {
		if d := w.live[id]; d.CreatedAt.Sub(now) > clockTolerance {
			check.Find(EHostClock, "timedatectl set-ntp true", fmt.Sprintf("%s of %s was made at %s, which has not come yet: the host's clock was set back", d.Name(), w.name(id), d.CreatedAt.Format(time.RFC3339)))
			break // one says it all
		}
	}
	return check, nil
}

func (p *Platform) examineContainers(ctx context.Context, decided decided, check *Check) error {
	if err := p.findOrphans(ctx, decided, check, "containers, networks, images or volumes", p.Engine.Projects); err != nil {
		return err
	}
	w, err := p.look(ctx)
	if err != nil {
		return err
	}
	running := 0
	for _, id := range sortedProjects(w.projects) {
		for _, o := range p.plan(w, id) {
			check.Find(ENotAsDecided, repairCommand, fmt.Sprintf("%s: the engine should %s", decided.name(id), o))
		}
		for _, c := range w.containers[id] {
			if c.Running {
				running++
			}
		}
	}
	check.Summary = fmt.Sprintf("%s of %s, as decided", counted(running, "container"), counted(len(decided.running()), "running project"))
	return nil
}

func (p *Platform) examineDeployments(_ context.Context, w decided, check *Check) error {
	for _, d := range w.active {
		if p.now().Sub(d.CreatedAt) > stuckAfter {
			check.Find(EStuck, inProject(d.Project, "deployments cancel "+d.Name()), fmt.Sprintf("%s of %s is %s since %s", d.Name(), w.name(d.Project), d.State, d.CreatedAt.Format(time.RFC3339)))
		}
	}
	check.Summary = fmt.Sprintf("%s on their way", counted(len(w.active), "deployment"))
	return nil
}

func (p *Platform) examineRepositories(ctx context.Context, w decided, check *Check) error {
	if err := p.findOrphans(ctx, w, check, "a repository", p.Repositories.Projects); err != nil {
		return err
	}
	there, err := p.Repositories.Projects(ctx)
	if err != nil {
		return err
	}
	for _, id := range sortedProjects(w.projects) {
		if !slices.Contains(there, id) {
			check.Find(ERepositoryMissing, repairCommand, fmt.Sprintf("%s has no repository; a repair makes an empty one, to be pushed to again", w.name(id)))
		}
	}
	check.Summary = "one for each project"
	return nil
}

// findOrphans finds what is kept in a place of projects that have no row.
func (p *Platform) findOrphans(ctx context.Context, w decided, check *Check, what string, list func(context.Context) ([]ProjectID, error)) error {
	kept, err := list(ctx)
	if err != nil {
		return err
	}
	for _, id := range kept {
		if !w.known[id] {
			check.Find(EOrphan, repairCommand, fmt.Sprintf("%s of project %s, which does not exist", what, id))
		}
	}
	return nil
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
