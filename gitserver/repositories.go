package gitserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// Repositories keeps the bare repositories <dir>/<project-id>.git and implements paas.Repositories.
// Names that begin with a dot in dir are its own: git's home, the hook, what is being made or removed.
type Repositories struct {
	dir   string
	hooks string
	git   git
}

const (
	homeDir       = ".home"
	hooksDir      = ".hooks"
	unfinished    = ".unfinished-"
	suffix        = ".git"
	defaultBranch = "main" // HEAD until the first deploy branch is known
)

// OpenRepositories opens the directory, makes it when it is missing, and clears away what an earlier
// daemon that was killed left half done. Only one daemon at a time may use it.
func OpenRepositories(dir string) (*Repositories, error) {
	r, err := openRepositories(dir)
	if err != nil {
		return nil, err
	}
	if err := r.linkHook(); err != nil {
		return nil, fmt.Errorf("set up the push hook: %w", err)
	}
	return r, errors.Join(r.cleanMoves(), r.cleanPushes())
}

// OpenForPushes is OpenRepositories for a daemon whose repositories another process makes and removes.
func OpenForPushes(dir string) (*Repositories, error) {
	r, err := openRepositories(dir)
	if err != nil {
		return nil, err
	}
	if err := r.linkHook(); err != nil {
		return nil, fmt.Errorf("set up the push hook: %w", err)
	}
	return r, r.cleanPushes()
}

// OpenForKeeping is OpenRepositories for the process that makes and removes them, beside a daemon that takes pushes.
func OpenForKeeping(dir string) (*Repositories, error) {
	r, err := openRepositories(dir)
	if err != nil {
		return nil, err
	}
	return r, r.cleanMoves()
}

func openRepositories(dir string) (*Repositories, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open repositories: %w", err)
	}
	r := &Repositories{dir: dir, hooks: filepath.Join(dir, hooksDir)}
	for _, path := range []string{filepath.Join(dir, homeDir), r.hooks} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fmt.Errorf("open repositories: %w", err)
		}
	}
	r.git, err = findGit(filepath.Join(dir, homeDir))
	return r, err
}

// linkHook points the pre-receive hook at this very binary, which may have moved since the last start.
func (r *Repositories) linkHook() error {
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	link := filepath.Join(r.hooks, hookName)
	fresh := link + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(binary, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, link)
}

// cleanMoves removes half-made and half-removed repositories.
func (r *Repositories) cleanMoves() error {
	return r.clean(func(name, path string) error {
		if strings.HasPrefix(name, unfinished) {
			return os.RemoveAll(path)
		}
		return nil
	})
}

// cleanPushes removes quarantines and locks of processes that are gone.
func (r *Repositories) cleanPushes() error {
	return r.clean(func(name, path string) error {
		if strings.HasSuffix(name, suffix) {
			return errors.Join(removeQuarantines(path), removeLocks(path))
		}
		return nil
	})
}

func (r *Repositories) clean(clean func(name, path string) error) error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("clean repositories: %w", err)
	}
	for _, entry := range entries {
		if err := clean(entry.Name(), filepath.Join(r.dir, entry.Name())); err != nil {
			return fmt.Errorf("clean repositories: %w", err)
		}
	}
	return nil
}

// removeQuarantines clears away the objects of pushes that never ended. No push may be running.
func removeQuarantines(repository string) error {
	objects := filepath.Join(repository, "objects")
	entries, err := os.ReadDir(objects)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "tmp_objdir-") || strings.HasPrefix(entry.Name(), "incoming-") {
			if err := os.RemoveAll(filepath.Join(objects, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeLocks clears away the locks of a git that was killed: with them no ref would ever move again.
func removeLocks(repository string) error {
	return filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "objects":
			return fs.SkipDir
		case strings.HasSuffix(path, ".lock") && entry.Type().IsRegular():
			return os.Remove(path)
		}
		return nil
	})
}

func (r *Repositories) path(project paas.ProjectID) string {
	return filepath.Join(r.dir, string(project)+suffix)
}

// checkID keeps anything that is not an id out of paths.
func checkID(project paas.ProjectID) error {
	if !paas.IsProjectID(string(project)) {
		return fmt.Errorf("%q is not the id of a project", project)
	}
	return nil
}

// Create makes an empty repository, beside its place first, so that a half-made one is never used.
func (r *Repositories) Create(ctx context.Context, project paas.ProjectID) error {
	if err := checkID(project); err != nil {
		return err
	}
	if _, err := os.Stat(r.path(project)); err == nil {
		return nil
	}
	temporary, err := os.MkdirTemp(r.dir, unfinished)
	if err != nil {
		return fmt.Errorf("create repository: %w", err)
	}
	defer os.RemoveAll(temporary)
	fresh := filepath.Join(temporary, "repository")
	if _, err := r.git.run(ctx, "init", "--quiet", "--bare", "--template=", "--initial-branch="+defaultBranch, fresh); err != nil {
		return fmt.Errorf("create repository: %w", err)
	}
	err = os.Rename(fresh, r.path(project))
	if errors.Is(err, fs.ErrExist) { // somebody else was as quick
		return nil
	}
	return err
}

// Delete moves the repository out of reach first, so that no push meets a half-removed one.
func (r *Repositories) Delete(_ context.Context, project paas.ProjectID) error {
	if err := checkID(project); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(r.dir, unfinished)
	if err != nil {
		return fmt.Errorf("delete repository: %w", err)
	}
	defer os.RemoveAll(temporary)
	err = os.Rename(r.path(project), filepath.Join(temporary, "repository"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete repository: %w", err)
	}
	return os.RemoveAll(temporary)
}

// SetHead makes branch what a clone checks out.
func (r *Repositories) SetHead(ctx context.Context, project paas.ProjectID, branch string) error {
	if err := checkID(project); err != nil {
		return err
	}
	_, err := r.git.run(ctx, "--git-dir="+r.path(project), "symbolic-ref", "HEAD", "refs/heads/"+branch)
	return err
}

// Resolve returns the commit a branch stands at.
func (r *Repositories) Resolve(ctx context.Context, project paas.ProjectID, branch string) (paas.CommitID, error) {
	if err := checkID(project); err != nil {
		return "", err
	}
	id, err := r.git.run(ctx, "--git-dir="+r.path(project), "rev-parse", "--verify", "--quiet", "--end-of-options", "refs/heads/"+branch+"^{commit}")
	if err != nil && exitCode(err) == 1 {
		return "", paas.Errorf(paas.NotFound, paas.ENotFound, "The repository has no branch %q.", branch)
	}
	return paas.CommitID(id), err
}

// Projects lists the projects that have a repository.
func (r *Repositories) Projects(context.Context) ([]paas.ProjectID, error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, fmt.Errorf("list repositories: %w", err)
	}
	var projects []paas.ProjectID
	for _, entry := range entries {
		id, ok := strings.CutSuffix(entry.Name(), suffix)
		if ok && paas.IsProjectID(id) {
			projects = append(projects, paas.ProjectID(id))
		}
	}
	return projects, nil
}
