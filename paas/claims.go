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
	building bool // guarded by claims.mu
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

// starting are an owner's projects that have a claim.
func (c *claims) starting(owner UserID) map[ProjectID]bool {
	projects := map[ProjectID]bool{}
	for held := range c.held {
		if held.owner == owner {
			projects[held.project] = true
		}
	}
	return projects
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

// claimStart takes the place of one more running container, or refuses it when its owner's limits are
// used up. Whoever takes it releases it.
func (p *Platform) claimStart(ctx context.Context, project Project) (*claim, error) {
	p.claims.mu.Lock()
	defer p.claims.mu.Unlock()
	if err := p.checkStart(ctx, project); err != nil {
		return nil, err
	}
	return p.claims.add(&claim{owner: project.Owner, project: project.ID}), nil
}

// claimBuild takes the place of a build and of the container that comes of it, or refuses them before
// anything is built.
func (p *Platform) claimBuild(ctx context.Context, project Project) (*claim, error) {
	if err := p.checkDisk(ctx, project); err != nil { // slow, and nobody knows what a build will take
		return nil, err
	}
	p.claims.mu.Lock()
	defer p.claims.mu.Unlock()
	if err := p.checkStart(ctx, project); err != nil {
		return nil, err
	}
	if err := p.checkBuilds(ctx, project); err != nil {
		return nil, err
	}
	return p.claims.add(&claim{owner: project.Owner, project: project.ID, building: true}), nil
}
