package gitserver

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// maxUpdates is how many refs one push may change.
const maxUpdates = 1000

var updateLine = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs/.+)$`)

// parseUpdates reads what git tells a pre-receive hook.
func parseUpdates(updates []string) ([]paas.RefUpdate, error) {
	if len(updates) > maxUpdates {
		return nil, paas.Errorf(paas.Invalid, paas.EInvalid, "One push changes at most %d branches and tags here; push them in parts.", maxUpdates)
	}
	parsed := make([]paas.RefUpdate, 0, len(updates))
	for _, line := range updates {
		match := updateLine.FindStringSubmatch(line)
		if match == nil {
			return nil, fmt.Errorf("git told the hook %q", line)
		}
		parsed = append(parsed, paas.RefUpdate{Old: paas.CommitID(match[1]), New: paas.CommitID(match[2]), Ref: match[3]})
	}
	return parsed, nil
}

// checkRefs refuses new names that git could not store beside the ones that are there (a and a/b). Git
// itself finds that out when the push has been deployed already.
func (p *push) checkRefs(ctx context.Context, updates []paas.RefUpdate) error {
	var created []string
	for _, update := range updates {
		if update.Creates() && !update.Deletes() {
			created = append(created, update.Ref)
		}
	}
	if len(created) == 0 {
		return nil
	}
	existing, err := p.git.run(ctx, "--git-dir="+p.repository, "for-each-ref", "--format=%(refname)")
	if err != nil {
		return err
	}
	all := map[string]bool{}
	for _, ref := range append(strings.Fields(existing), created...) {
		all[ref] = true
	}
	for ref := range all {
		for folder := path.Dir(ref); folder != "refs" && folder != "."; folder = path.Dir(folder) {
			if all[folder] {
				return paas.Errorf(paas.Conflict, paas.EConflict, "%s and %s cannot be there together: git keeps names like folders. Rename one.", folder, ref)
			}
		}
	}
	return nil
}

// checkShallow refuses what a repository without its older history could not keep: the clients of such
// a repository leave out objects that it does not have. Whole repositories need no such check.
func (s source) checkShallow(ctx context.Context, updates []paas.RefUpdate) error {
	if _, err := os.Stat(filepath.Join(s.repository, "shallow")); err != nil && !s.shallow {
		return nil
	}
	var pushed []string
	for _, update := range updates {
		if !update.Deletes() {
			pushed = append(pushed, string(update.New))
		}
	}
	return s.checkConnected(ctx, pushed)
}

// checkConnected refuses commits that lack something they need. Git asks the same, but calls the hook
// whatever the answer is and refuses the ref when the push has been deployed.
func (s source) checkConnected(ctx context.Context, pushed []string) error {
	if len(pushed) == 0 {
		return nil
	}
	args := append([]string{"--git-dir=" + s.repository, "rev-list", "--quiet", "--objects"}, pushed...)
	cmd := s.git.command(ctx, append(args, "--not", "--all")...)
	cmd.Env = append(cmd.Env, s.environment...)
	err := cmd.Run()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return paas.Errorf(paas.Conflict, paas.EConflict, "The push leaves out objects that the platform does not have, because its copy comes from a shallow clone without the older history. Push commits that follow the newest one (git revert undoes without going back), or push a whole clone to a new project.").Because(err)
	}
	return nil
}
