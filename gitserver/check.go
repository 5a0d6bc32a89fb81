package gitserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// CheckRepositories looks whether everything that the refs of the repositories in a directory lead to is there and
// what its name says (git-fsck(1)). Nobody has to be using them.
func CheckRepositories(ctx context.Context, dir string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil || len(found) == 0 {
		return err
	}
	home, err := os.MkdirTemp("", "paastech-git-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	git, err := findGit(home)
	if err != nil {
		return err
	}
	for _, repository := range found {
		if said, failed := git.run(ctx, "--git-dir="+repository, "fsck", "--no-dangling", "--no-progress"); failed != nil {
			err = errors.Join(err, fmt.Errorf("the repository %s is damaged: %w: %s", filepath.Base(repository), failed, said))
		}
	}
	return err
}
