package registry

import (
	"crypto/rand"
	"crypto/subtle"
	"slices"
	"strings"
	"sync"

	"github.com/paastech-cloud/paastech/paas"
)

// grant is what a pass opens. It lives in memory only.
type grant struct {
	password string
	pull     []string
	push     []string
	pullAll  bool
}

// mayPull includes what may be pushed: a push looks first for what is there already.
func (g grant) mayPull(repository string) bool {
	return g.pullAll || covers(g.pull, repository) || g.mayPush(repository)
}

func (g grant) mayPush(repository string) bool { return covers(g.push, repository) }

// covers tells whether a repository is named, or is below a name that ends in a slash.
func covers(names []string, repository string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name == repository || strings.HasSuffix(name, "/") && strings.HasPrefix(repository, name)
	})
}

// passes are the grants in force, by username.
type passes struct {
	mu     sync.RWMutex
	grants map[string]grant // guarded by mu

	pushing sync.RWMutex  // read-locked by every pass that may push, as long as it lasts
	ended   chan struct{} // told when such a pass has ended
}

func newPasses() *passes {
	return &passes{grants: map[string]grant{}, ended: make(chan struct{}, 1)}
}

func (p *passes) add(g grant) paas.RegistryPass {
	if len(g.push) > 0 {
		p.pushing.RLock()
	}
	username := "pass-" + rand.Text()[:10]
	g.password = rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.grants[username] = g
	return paas.RegistryPass{
		Username: username,
		Password: paas.Secret(g.password),
		Revoke:   func() { p.revoke(username) },
	}
}

func (p *passes) revoke(username string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g, there := p.grants[username]; there && len(g.push) > 0 {
		p.pushing.RUnlock()
		select {
		case p.ended <- struct{}{}:
		default:
		}
	}
	delete(p.grants, username)
}

// check returns what a username and its password open.
func (p *passes) check(username, password string) (grant, bool) {
	p.mu.RLock()
	g, known := p.grants[username]
	p.mu.RUnlock()
	right := subtle.ConstantTimeCompare([]byte(g.password), []byte(password)) == 1
	return g, known && right
}

// Grant makes a pass that may pull and push the named repositories until it is revoked.
func (r *Registry) Grant(pull, push []string) paas.RegistryPass {
	return r.passes.add(grant{pull: slices.Clone(pull), push: slices.Clone(push)})
}
