package paas

import (
	"context"
	"iter"
	"maps"
	"reflect"
	"slices"
)

// pageOfDeployments is how many are read at a time where few are likely to be needed.
const pageOfDeployments = 20

// before yields a project's deployments below a number (0 is no bound), newest first.
func (p *Platform) before(ctx context.Context, id ProjectID, number int) iter.Seq2[Deployment, error] {
	return func(yield func(Deployment, error) bool) {
		for {
			page, err := p.Store.Deployments(ctx, id, number, pageOfDeployments)
			if err != nil {
				yield(Deployment{}, err)
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
				number = d.Number
			}
			if len(page) < pageOfDeployments {
				return
			}
		}
	}
}

// Predecessor is the version that was live before a deployment; nil when it is the first.
func (p *Platform) Predecessor(ctx context.Context, caller User, d Deployment) (*Deployment, error) {
	if _, err := p.Project(ctx, caller, d.Project); err != nil {
		return nil, err
	}
	for earlier, err := range p.before(ctx, d.Project, d.Number) {
		if err != nil {
			return nil, err
		}
		if earlier.LiveAt != nil {
			return &earlier, nil
		}
	}
	return nil, nil
}

// Changes are what is different about a deployment.
type Changes struct {
	Image                   bool     // it runs another image
	Added, Removed, Changed []string // names of variables
	Formation               bool     // other numbers of containers
	App                     bool     // how they run: limits, health, routes, times
}

// Any tells whether anything is different.
func (c Changes) Any() bool {
	return c.Image || c.Formation || c.App || len(c.Added)+len(c.Removed)+len(c.Changed) > 0
}

// Changes tells how the deployment differs from one before it. It knows when its build has ended, which
// is when its configuration is taken.
func (d Deployment) Changes(earlier Deployment) Changes {
	changes := Changes{
		Image:     d.Image.Ref != earlier.Image.Ref,
		Formation: !maps.Equal(d.Runs(), earlier.Runs()),
		App:       !reflect.DeepEqual(d.App, earlier.App),
	}
	for _, name := range sortedKeys(d.Env) {
		was, there := earlier.Env[name]
		switch {
		case !there:
			changes.Added = append(changes.Added, name)
		case was != d.Env[name]:
			changes.Changed = append(changes.Changed, name)
		}
	}
	changes.Removed = slices.DeleteFunc(sortedKeys(earlier.Env), func(name string) bool {
		_, there := d.Env[name]
		return there
	})
	return changes
}
