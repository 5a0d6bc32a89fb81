package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5"
	gitconfig "github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	format "github.com/go-git/go-git/v5/plumbing/format/config"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/paastech-cloud/paastech/paas"
)

// remoteName is the git remote that leads to the project's repository on the server.
const remoteName = "paastech"

// repository is the git repository that the command was called in.
type repository struct {
	git  *git.Repository
	root string // its work tree
}

// openRepository finds the repository around dir: in a subdirectory, a linked work tree or a submodule too.
func openRepository(dir string) (*repository, error) {
	found, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if errors.Is(err, git.ErrRepositoryNotExists) {
		return nil, failf(eNoRepository, "This directory is not in a git repository. Make it one first: git init")
	}
	if err != nil {
		return nil, fmt.Errorf("open the git repository: %w", err)
	}
	tree, err := found.Worktree()
	if err != nil {
		return nil, failf(eNoRepository, "This git repository is bare: run the command in one with a work tree.")
	}
	return &repository{git: found, root: tree.Filesystem.Root()}, nil
}

// remote is the address of the remote paastech, empty when there is none.
func (r *repository) remote() (string, error) {
	remote, err := r.git.Remote(remoteName)
	if errors.Is(err, git.ErrRemoteNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the git remotes: %w", err)
	}
	return remote.Config().URLs[0], nil
}

// server is the PaaSTech server that the remote was made by, empty when that is not known.
func (r *repository) server() string {
	config, err := r.git.Config()
	if err != nil {
		return ""
	}
	return config.Raw.Section(remoteName).Option("server")
}

// ownSSH tells whether git calls ssh in a way of the user's own, which may not read ~/.ssh/known_hosts.
func (r *repository) ownSSH() bool {
	if os.Getenv("GIT_SSH_COMMAND") != "" || os.Getenv("GIT_SSH") != "" {
		return true
	}
	config, err := r.git.ConfigScoped(gitconfig.GlobalScope)
	return err == nil && config.Raw.Section("core").Option("sshCommand") != ""
}

// addRemote adds the remote and remembers its server. It appends to git's configuration, so that
// everything else in there, comments too, stays as it is.
func (r *repository) addRemote(address, server string) error {
	added := format.New()
	remote := added.Section("remote").Subsection(remoteName)
	remote.SetOption("url", address)
	remote.SetOption("fetch", fmt.Sprintf(gitconfig.DefaultFetchRefSpec, remoteName))
	added.Section(remoteName).SetOption("server", server)
	var text bytes.Buffer
	if err := format.NewEncoder(&text).Encode(added); err != nil {
		return fmt.Errorf("write the git remote: %w", err)
	}
	path, err := r.configFile()
	if err != nil {
		return err
	}
	if err := appendConfig(path, text.Bytes()); err != nil {
		return fmt.Errorf("add the git remote %s: %w", remoteName, err)
	}
	return nil
}

// configFile is git's configuration of the repository: linked work trees share their main one's.
func (r *repository) configFile() (string, error) {
	storage, ok := r.git.Storer.(*filesystem.Storage)
	if !ok {
		return "", errors.New("the repository is not in a file system")
	}
	dir := storage.Filesystem().Root()
	common, err := os.ReadFile(filepath.Join(dir, "commondir"))
	if errors.Is(err, os.ErrNotExist) {
		return filepath.Join(dir, "config"), nil
	}
	if err != nil {
		return "", fmt.Errorf("find git's configuration: %w", err)
	}
	shared := strings.TrimSpace(string(common))
	if !filepath.IsAbs(shared) {
		shared = filepath.Join(dir, shared)
	}
	return filepath.Join(shared, "config"), nil
}

// appendConfig replaces the file as git does: the new content is written to the lock, then renamed.
func appendConfig(path string, text []byte) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if len(before) > 0 && before[len(before)-1] != '\n' {
		before = append(before, '\n')
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("git is at work in this repository (%s.lock exists): try again when it has ended", path)
	}
	if err != nil {
		return err
	}
	_, err = lock.Write(append(before, text...))
	err = errors.Join(err, lock.Sync(), lock.Close())
	if err == nil {
		err = os.Rename(lock.Name(), path)
	}
	if err != nil {
		os.Remove(lock.Name())
	}
	return err
}

// branch is the branch that is checked out; it has at least one commit.
func (r *repository) branch() (string, error) {
	head, err := r.git.Reference(plumbing.HEAD, false)
	if err != nil {
		return "", fmt.Errorf("read HEAD: %w", err)
	}
	if head.Type() != plumbing.SymbolicReference || !head.Target().IsBranch() {
		return "", failf(eNoCommit, "No branch is checked out (HEAD is detached). Check one out, or name it: paastech push BRANCH")
	}
	return head.Target().Short(), r.hasBranch(head.Target().Short())
}

// hasBranch refuses a branch without a commit.
func (r *repository) hasBranch(name string) error {
	_, err := r.git.Reference(plumbing.NewBranchReferenceName(name), false)
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return failf(eNoCommit, "The branch %s has no commit yet. Make one first: git add . && git commit", name)
	}
	return err
}

// projectOfRemote is the project that a git address means: its id, or the name below a username.
func projectOfRemote(address string) (string, error) {
	name := strings.TrimSuffix(strings.TrimRight(address, "/"), ".git")
	name = name[strings.LastIndexAny(name, "/:")+1:]
	if !paas.IsProjectID(name) && paas.ValidateProjectName(name) != nil {
		return "", failf(eNoRemote, "The git remote %s leads to %s, which is no project's repository. Name the project with -P.", remoteName, address)
	}
	return name, nil
}
