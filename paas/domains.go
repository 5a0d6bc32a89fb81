package paas

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	domainTick      = 15 * time.Second
	domainTimeout   = 10 * time.Second
	checksOfDomains = 4 // at a time
)

// names has the proven domains of every project, for routes; the store is where they are kept.
type names struct {
	mu   sync.Mutex
	have map[ProjectID][]Domain // guarded by mu
}

func (n *names) of(id ProjectID) []Domain {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.have[id]
}

// set takes the domains of all projects, and who owns those. A path counts only below a name of the same owner. It
// returns whose names are others now.
func (n *names) set(all []Domain, owners map[ProjectID]UserID) []ProjectID {
	have := map[ProjectID][]Domain{}
	for _, d := range all {
		if d.ProvenAt != nil && (d.Path == "" || ownerOf(d.Name, all, owners) == owners[d.Project]) {
			have[d.Project] = append(have[d.Project], d)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	same := func(a, b Domain) bool { return a.Name == b.Name && a.Path == b.Path && a.Redirect == b.Redirect }
	var changed []ProjectID
	for id := range owners {
		if !slices.EqualFunc(n.have[id], have[id], same) {
			changed = append(changed, id)
		}
	}
	n.have = have
	return changed
}

// ownerOf is who has proven a name, the whole of it; empty when nobody has.
func ownerOf(name Hostname, all []Domain, owners map[ProjectID]UserID) UserID {
	for _, d := range all {
		if d.Name == name && d.Path == "" && d.ProvenAt != nil {
			return owners[d.Project]
		}
	}
	return ""
}

// route is a project's, at its own name and at its proven domains.
func (p *Platform) route(id ProjectID, state RouteState) Route {
	route := Route{Host: p.Hostname(id), Project: id, State: state, Reception: p.receptions.of(id)}
	for _, d := range p.names.of(id) {
		if d.Path != "" {
			route.Mounts = append(route.Mounts, Mount{d.Name, d.Path})
			continue
		}
		if d.Redirect == "" {
			route.Also = append(route.Also, d.Name)
			continue
		}
		if route.Redirects == nil {
			route.Redirects = map[Hostname]Hostname{}
		}
		route.Redirects[d.Name] = d.Redirect
	}
	slices.Sort(route.Also)
	return route
}

// routeTo is route to a deployment, with what that wants done to its requests.
func (p *Platform) routeTo(d Deployment, state RouteState) Route {
	route := p.route(d.Project, state)
	route.Protocol, route.Plain, route.Steps = d.App.HTTP.Protocol, d.App.HTTP.Plain, d.App.HTTP.steps()
	return route
}

// learn reads what routes need, once: from then on whoever changes it says so.
func (p *Platform) learn(ctx context.Context) error {
	if p.learned.Load() {
		return nil
	}
	if err := p.learnReceptions(ctx); err != nil {
		return err
	}
	if _, err := p.learnNames(ctx); err != nil {
		return err
	}
	p.learned.Store(true)
	return nil
}

// learnNames reads the domains from the store, and returns whose are others than before.
func (p *Platform) learnNames(ctx context.Context) (changed []ProjectID, err error) {
	all, err := p.Store.AllDomains(ctx)
	if err != nil {
		return nil, err
	}
	projects, err := p.Store.AllProjects(ctx)
	if err != nil {
		return nil, err
	}
	owners := make(map[ProjectID]UserID, len(projects))
	for _, project := range projects {
		owners[project.ID] = project.Owner
	}
	return p.names.set(all, owners), nil
}

// renamed has routes follow the domains: a project's own, and those of others that have parts of its names.
func (p *Platform) renamed(ctx context.Context) error {
	changed, err := p.learnNames(ctx)
	if err != nil {
		return err
	}
	for _, id := range changed {
		if err := p.reconcileRoute(ctx, id); err != nil {
			p.wakeReconcile()
			return err
		}
	}
	return nil
}

// Domains lists a project's domains by name.
func (p *Platform) Domains(ctx context.Context, caller User, id ProjectID) ([]Domain, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	return p.Store.Domains(ctx, id)
}

// AddDomain claims a name for a project and looks at once whether it is proven. redirect, when it is not
// empty, is another name of the project's that visitors are sent to.
func (p *Platform) AddDomain(ctx context.Context, caller User, id ProjectID, text, redirect string) (Domain, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return Domain{}, err
	}
	name, path, err := ParseDomainAndPath(text, p.Domain)
	if err != nil {
		return Domain{}, err
	}
	if path != "" && redirect != "" {
		return Domain{}, InvalidField("redirect", "What is below a path is the project's, or another's: only whole names are sent elsewhere.")
	}
	token := make([]byte, 16)
	_, _ = rand.Read(token) // never fails (crypto/rand)
	now := p.now()
	domain := Domain{Name: name, Path: path, Project: id, Token: hex.EncodeToString(token), CreatedAt: now, CheckedAt: now}
	if redirect != "" {
		if domain.Redirect, err = p.redirectTo(ctx, project, name, redirect); err != nil {
			return Domain{}, err
		}
	}
	if err := p.Store.AddDomain(ctx, domain, MaxDomains); err != nil {
		return Domain{}, err
	}
	p.tellProject(ctx, EventProjectChanged, project, caller, "added the domain "+domain.String())
	return p.checkDomain(ctx, domain)
}

func (p *Platform) redirectTo(ctx context.Context, project Project, name Hostname, text string) (Hostname, error) {
	to, err := ParseDomain(text, p.Domain)
	if err != nil {
		return "", err
	}
	all, err := p.Store.Domains(ctx, project.ID)
	if err != nil {
		return "", err
	}
	if to == name || strings.HasPrefix(string(to), "*.") || !slices.ContainsFunc(all, func(d Domain) bool { return d.Name == to && d.Path == "" && d.Redirect == "" }) {
		return "", InvalidField("redirect", "Visitors are sent to another domain of the project: add %s first.", to)
	}
	return to, nil
}

// CheckDomain looks at the DNS now.
func (p *Platform) CheckDomain(ctx context.Context, caller User, id ProjectID, text string) (Domain, error) {
	domain, err := p.domain(ctx, caller, id, text)
	if err != nil {
		return domain, err
	}
	return p.checkDomain(ctx, domain)
}

func (p *Platform) domain(ctx context.Context, caller User, id ProjectID, text string) (Domain, error) {
	all, err := p.Domains(ctx, caller, id)
	if err != nil {
		return Domain{}, err
	}
	name, path, err := ParseDomainAndPath(text, p.Domain)
	if err != nil {
		return Domain{}, err
	}
	at := slices.IndexFunc(all, func(d Domain) bool { return d.Name == name && d.Path == path })
	if at < 0 {
		return Domain{}, Errorf(NotFound, ENotFound, "The project has no domain %s%s.", name, path)
	}
	return all[at], nil
}

// RemoveDomain gives a name up; the application no longer answers there.
func (p *Platform) RemoveDomain(ctx context.Context, caller User, id ProjectID, text string) error {
	domain, err := p.domain(ctx, caller, id, text)
	if err != nil {
		return err
	}
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return err
	}
	if err := p.Store.RemoveDomain(ctx, domain); err != nil {
		return err
	}
	p.tellProject(ctx, EventProjectChanged, project, caller, "removed the domain "+domain.String())
	return p.renamed(ctx)
}

// checkDomain looks at the DNS, keeps what it found, and makes a name that is proven now the project's.
func (p *Platform) checkDomain(ctx context.Context, domain Domain) (Domain, error) {
	trouble := p.troubleWith(ctx, domain)
	if ctx.Err() != nil {
		return domain, context.Cause(ctx)
	}
	domain.CheckedAt, domain.Trouble = p.now(), trouble
	proves := trouble == "" && domain.ProvenAt == nil
	if proves {
		domain.ProvenAt = new(p.now())
	}
	err := p.Store.SaveDomain(ctx, domain)
	if IsCode(err, ETaken) {
		domain.ProvenAt = nil
		domain.Trouble = fmt.Sprintf("%s belongs to another project, whose owner proved it before. It is free when that gives it up.", domain)
		return domain, p.Store.SaveDomain(ctx, domain)
	}
	if err != nil || !proves {
		return domain, err
	}
	p.Log.InfoContext(ctx, "a domain is proven", "domain", domain.String(), "project", domain.Project)
	return domain, p.renamed(ctx)
}

// troubleWith says what is missing for a domain to be proven, or to work; empty when nothing is. Why it does
// not lead here is for the log: it would tell a stranger what this host can reach.
func (p *Platform) troubleWith(ctx context.Context, d Domain) string {
	ctx, cancel := context.WithTimeout(ctx, domainTimeout)
	defer cancel()
	if p.Resolver == nil {
		return "This platform cannot ask the DNS."
	}
	if d.Path != "" {
		return p.troubleWithPath(ctx, d)
	}
	texts, err := p.Resolver.TXT(ctx, d.ProofName())
	if err == nil && slices.Contains(texts, d.ProofText()) {
		return ""
	}
	if d.Wildcard() {
		return fmt.Sprintf("There is no TXT record %s with %s yet.", d.ProofName(), d.ProofText())
	}
	if err := p.Resolver.LeadsHere(ctx, d.Name); err != nil {
		p.Log.DebugContext(ctx, "a domain does not lead here", "domain", d.Name, "error", err)
		return fmt.Sprintf("%s does not lead to this platform yet, and there is no TXT record %s that proves it.", d.Name, d.ProofName())
	}
	return ""
}

// troubleWithPath says why what is below a name's path is not the project's: the whole name must be another project's
// of its owner.
func (p *Platform) troubleWithPath(ctx context.Context, d Domain) string {
	all, err := p.Store.AllDomains(ctx)
	if err != nil {
		return "The database does not answer."
	}
	owners := map[ProjectID]UserID{}
	for _, other := range all {
		if other.Name != d.Name {
			continue
		}
		if project, err := p.Store.Project(ctx, other.Project); err == nil {
			owners[project.ID] = project.Owner
		}
	}
	if owner := ownerOf(d.Name, all, owners); owner != "" && owner == owners[d.Project] {
		return ""
	}
	return fmt.Sprintf("%s is no name of yours yet: add it to another project of yours, and prove it.", d.Name)
}

// domainLoop looks at claims again until they are proven or old, and now and then at what is proven.
func (p *Platform) domainLoop(ctx context.Context) error {
	tick := time.NewTicker(domainTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := p.checkDomains(ctx); err != nil && ctx.Err() == nil {
			p.Log.WarnContext(ctx, "check domains", "error", err)
		}
	}
}

func (p *Platform) checkDomains(ctx context.Context) error {
	all, err := p.Store.AllDomains(ctx)
	if err != nil {
		return err
	}
	var checks sync.WaitGroup
	turns := make(chan struct{}, checksOfDomains)
	for _, d := range all {
		if d.ProvenAt == nil && p.now().Sub(d.CreatedAt) > claimLifetime {
			if err := p.Store.RemoveDomain(ctx, d); err != nil {
				return err
			}
			continue
		}
		if !d.due(p.now()) {
			continue
		}
		turns <- struct{}{}
		checks.Go(func() {
			defer func() { <-turns }()
			if _, err := p.checkDomain(ctx, d); err != nil && ctx.Err() == nil {
				p.Log.WarnContext(ctx, "check a domain", "domain", d.Name, "error", err)
			}
		})
	}
	checks.Wait()
	return nil
}
