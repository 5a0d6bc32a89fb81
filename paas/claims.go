package paas

import (
	"context"
	"sync"
)

// claims are the places that are taken by what starts and builds, until it is seen to run or has ended:
// two starts at once must not both find the last place free.
type claims struct {
	mu   sync.Mutex
	held map[*claim]struct{} // guarded by mu
}

func newClaims() *claims { return &claims{held: map[*claim]struct{}{}} }

// claim is the place of a project's next version, and of its build while that goes on.
type claim struct {
	claims   *claims
	owner    UserID
	project  ProjectID
	replaces bool  // what runs of the project goes when it has started
	building bool  // guarded by claims.mu
	need     Usage // containers and memory; guarded by claims.mu
}

// add is called with mu held, like what counts below.
func (c *claims) add(one *claim) *claim {
	one.claims = c
	c.held[one] = struct{}{}
	return one
}

// built gives back what the build takes.
func (c *claim) built() {
	c.claims.mu.Lock()
	defer c.claims.mu.Unlock()
	c.building = false
}

// release gives all back. It may be called again.
func (c *claim) release() {
	c.claims.mu.Lock()
	defer c.claims.mu.Unlock()
	delete(c.claims.held, c)
}

// starting is what an owner's claims but one need, and the projects whose containers they replace.
func (c *claims) starting(owner UserID, but *claim) (need Usage, replaced map[ProjectID]bool) {
	replaced = map[ProjectID]bool{}
	for held := range c.held {
		if held.owner == owner && held != but {
			need.Containers += held.need.Containers
			need.Memory += held.need.Memory
			replaced[held.project] = replaced[held.project] || held.replaces
		}
	}
	return need, replaced
}

// building counts an owner's builds.
func (c *claims) building(owner UserID) int {
	builds := 0
	for held := range c.held {
		if held.owner == owner && held.building {
			builds++
		}
	}
	return builds
}

// builds counts a user's builds.
func (p *Platform) builds(user UserID) int {
	p.claims.mu.Lock()
	defer p.claims.mu.Unlock()
	return p.claims.building(user)
}

// claimStart takes the place of a version's containers, or refuses it when its owner's limits are used
// up. Whoever takes it releases it.
func (p *Platform) claimStart(ctx context.Context, project Project, need Usage) (*claim, error) {
	return p.take(ctx, project, &claim{replaces: true, need: need})
}

// claimOneOff takes the place of one container beside those of the project.
func (p *Platform) claimOneOff(ctx context.Context, project Project, need Usage) (*claim, error) {
	return p.take(ctx, project, &claim{need: need})
}

func (p *Platform) take(ctx context.Context, project Project, one *claim) (*claim, error) {
	one.owner, one.project = project.Owner, project.ID
	p.claims.mu.Lock()
	defer p.claims.mu.Unlock()
	if err := p.checkStart(ctx, project, one, one.need); err != nil {
		return nil, err
	}
	return p.claims.add(one), nil
}

// raise makes a claim what a built version turned out to need, or refuses it.
func (p *Platform) raise(ctx context.Context, one *claim, project Project, need Usage) error {
	p.claims.mu.Lock()
	defer p.claims.mu.Unlock()
	if err := p.checkStart(ctx, project, one, need); err != nil {
		return err
	}
	one.need = need
	return nil
}

// claimBuild takes the place of a build and of the one container that comes of it at least, or refuses them before
// anything is built.
func (p *Platform) claimBuild(ctx context.Context, project Project) (*claim, error) {
	if err := p.checkDisk(ctx, project); err != nil { // slow, and nobody knows what a build will take
		return nil, err
	}
	one := &claim{owner: project.Owner, project: project.ID, replaces: true, building: true, need: p.least()}
	p.claims.mu.Lock()
	defer p.claims.mu.Unlock()
	if err := p.checkStart(ctx, project, one, one.need); err != nil {
		return nil, err
	}
	if err := p.checkBuilds(ctx, project); err != nil {
		return nil, err
	}
	return p.claims.add(one), nil
}
