package paas

import (
	"context"
	"strings"
	"sync"
	"unicode/utf8"
)

// Admission is whether a project's requests come in. What runs is not touched by it.
type Admission string

// The admissions.
const (
	AdmissionOpen        Admission = ""
	AdmissionMaintenance Admission = "maintenance" // a page says so, with 503
	AdmissionPaused      Admission = "paused"      // they wait until they may come in, up to a bound
)

// MaxNotice is how many characters a project's notice has at the most.
const MaxNotice = 300

// Reception is how a project receives its visitors.
type Reception struct {
	Admission Admission
	Notice    string // what the page says during maintenance; may be empty
}

func (r Reception) validate() error {
	switch {
	case r.Admission != AdmissionOpen && r.Admission != AdmissionMaintenance && r.Admission != AdmissionPaused:
		return InvalidField("admission", "Requests come in, are paused, or meet a page during maintenance.")
	case utf8.RuneCountInString(r.Notice) > MaxNotice || strings.ContainsFunc(r.Notice, isControl):
		return InvalidField("notice", "A notice is one line of at most %d characters.", MaxNotice)
	}
	return nil
}

// receptions has those of all projects that are not open, for routes; the store is where they are kept.
type receptions struct {
	mu   sync.Mutex
	have map[ProjectID]Reception // guarded by mu
}

func (r *receptions) of(id ProjectID) Reception {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.have[id]
}

func (r *receptions) set(id ProjectID, reception Reception) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if reception == (Reception{}) {
		delete(r.have, id)
		return
	}
	if r.have == nil {
		r.have = map[ProjectID]Reception{}
	}
	r.have[id] = reception
}

// learnReceptions reads them from the store.
func (p *Platform) learnReceptions(ctx context.Context) error {
	projects, err := p.Store.AllProjects(ctx)
	if err != nil {
		return err
	}
	for _, project := range projects {
		p.receptions.set(project.ID, project.Reception)
	}
	return nil
}

// Receive changes how a project receives its visitors; from the return on it does. Requests in flight are not
// concerned, and those that wait go on when they may come in.
func (p *Platform) Receive(ctx context.Context, caller User, id ProjectID, reception Reception) error {
	if reception.Admission != AdmissionMaintenance {
		reception.Notice = ""
	}
	if err := reception.validate(); err != nil {
		return err
	}
	earlier, err := p.Project(ctx, caller, id)
	if err != nil || earlier.Reception == reception {
		return err
	}
	project, err := p.Store.ChangeProject(ctx, id, func(project *Project) error {
		project.Reception = reception
		return nil
	})
	if err != nil {
		return err
	}
	p.receptions.set(id, reception)
	p.tellProject(ctx, EventProjectChanged, project, caller, told[reception.Admission])
	if err := p.reconcileRoute(ctx, id); err != nil {
		p.wakeReconcile()
		return err
	}
	return nil
}

// told is what a project's events say of its admission.
var told = map[Admission]string{
	AdmissionOpen: "let its requests in again", AdmissionMaintenance: "showed its visitors the page for maintenance", AdmissionPaused: "paused its requests",
}
