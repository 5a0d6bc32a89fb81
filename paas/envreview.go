package paas

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// ShowsEnvTo tells whether somebody may see the values of the project's variables: its owner alone
// may. Others who may ask for the project see the names.
func (p Project) ShowsEnvTo(user User) bool { return p.Owner == user.ID }

// EnvDiff is how one set of variables differs from another: names, sorted.
type EnvDiff struct{ Added, Changed, Removed []string }

// Empty tells whether they are the same.
func (d EnvDiff) Empty() bool { return len(d.Added)+len(d.Changed)+len(d.Removed) == 0 }

// Diff is what turns e into another set.
func (e Env) Diff(to Env) EnvDiff {
	var diff EnvDiff
	for _, name := range slices.Sorted(maps.Keys(to)) {
		switch before, there := e[name]; {
		case !there:
			diff.Added = append(diff.Added, name)
		case before != to[name]:
			diff.Changed = append(diff.Changed, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if _, stays := to[name]; !stays {
			diff.Removed = append(diff.Removed, name)
		}
	}
	return diff
}

// EnvReview is what a change of variables would do, before it is made.
type EnvReview struct {
	EnvDiff
	Set      map[string]*Secret // all that the change comes down to; nil removes
	Revision string             // of the set that it was compared with
}

// ReviewEnv says what a change would do, and refuses what ChangeEnv would. To somebody who may not see
// the values, a variable that is set again counts as changed: no value can be found out by guessing.
func (p *Platform) ReviewEnv(ctx context.Context, caller User, id ProjectID, change EnvChange) (EnvReview, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return EnvReview{}, err
	}
	before := *change.ofVariables(&project)
	after := change.apply(before)
	if err := after.Validate(); err != nil {
		return EnvReview{}, err
	}
	review := EnvReview{EnvDiff: before.Diff(after), Set: map[string]*Secret{}, Revision: p.EnvRevision(before)}
	if !project.ShowsEnvTo(caller) {
		review.Changed = named(change, before, after)
	}
	for _, name := range slices.Concat(review.Added, review.Changed) {
		value := after[name]
		review.Set[name] = &value
	}
	for _, name := range review.Removed {
		review.Set[name] = nil
	}
	return review, nil
}

// named are the variables that are there before and after a change that speaks of them.
func named(change EnvChange, before, after Env) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		_, there := before[name]
		_, set := change.Set[name]
		_, replaced := change.Replace[name]
		if there && (set || replaced) {
			names = append(names, name)
		}
	}
	return names
}

// EnvSum tells whether a value is still the one that a form was made with: a checksum that nothing can
// be learned from. Forms do not keep the kind of line ends.
func (p *Platform) EnvSum(name string, value Secret) string {
	return p.revisions.of([]string{name, strings.ReplaceAll(value.Reveal(), "\r\n", "\n")})
}
