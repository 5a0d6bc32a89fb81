package paas

import "context"

// Repositories keeps the bare git repositories, one a project, named by the project's id.
type Repositories interface {
	// Create makes an empty repository. It is idempotent.
	Create(ctx context.Context, project ProjectID) error

	// Delete removes a repository. It is idempotent.
	Delete(ctx context.Context, project ProjectID) error

	// SetHead makes branch what a clone checks out.
	SetHead(ctx context.Context, project ProjectID, branch string) error

	// Resolve returns the commit a branch stands at, NotFound when the branch is not there.
	Resolve(ctx context.Context, project ProjectID, branch string) (CommitID, error)

	// Projects lists the projects that have a repository.
	Projects(ctx context.Context) ([]ProjectID, error)

	// Size is how many bytes of disk a repository takes; one that is not there takes none.
	Size(ctx context.Context, project ProjectID) (int64, error)
}

// RefUpdate is one line of a push: git's pre-receive input. An all-zero id means created or deleted.
type RefUpdate struct {
	Ref string // refs/heads/main
	Old CommitID
	New CommitID
}

// Creates and Deletes tell a ref's birth and end.
func (u RefUpdate) Creates() bool { return isZero(u.Old) }

// Deletes tells whether the push removes the ref.
func (u RefUpdate) Deletes() bool { return isZero(u.New) }

func isZero(id CommitID) bool {
	for _, r := range id {
		if r != '0' {
			return false
		}
	}
	return true
}

// Source gives the tree of a pushed commit; during a push its objects are still in git's quarantine.
type Source interface {
	// Checkout writes the tree of commit below dir, following nothing. A tree that is too large or
	// has what cannot be deployed (submodules, LFS pointers, hostile names) gives an Invalid error. It
	// returns what the commit says of itself.
	Checkout(ctx context.Context, commit CommitID, dir string) (CommitNote, error)
}
