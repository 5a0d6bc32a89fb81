package paas

import (
	"context"
	"time"
)

// Store keeps what the platform decided. Reads of what is not there return NotFound; writes that break
// a uniqueness return Conflict with ETaken. Every write is durable when the call returns.
type Store interface {
	UserStore
	KeyStore
	SessionStore
	ProjectStore
	DeploymentStore

	// Ping tells whether the database really answers.
	Ping(ctx context.Context) error
}

// UserStore keeps accounts; usernames and addresses are unique regardless of case.
type UserStore interface {
	CreateUser(ctx context.Context, user User) error // Conflict: a Detail names "username" or "email"
	User(ctx context.Context, id UserID) (User, error)
	UserByName(ctx context.Context, username string) (User, error)
	UserByEmail(ctx context.Context, email string) (User, error)
	Users(ctx context.Context) ([]User, error)
	// SetPassword replaces the hash and ends all the user's sessions, in one transaction.
	SetPassword(ctx context.Context, id UserID, hash Secret) error
}

// KeyStore keeps SSH keys, unique by fingerprint over all users.
type KeyStore interface {
	CreateKey(ctx context.Context, key SSHKey) error
	Keys(ctx context.Context, user UserID) ([]SSHKey, error)
	AllKeys(ctx context.Context) ([]SSHKey, error)
	KeyByFingerprint(ctx context.Context, fingerprint string) (SSHKey, error)
	TouchKey(ctx context.Context, id KeyID, at time.Time) error
	DeleteKey(ctx context.Context, user UserID, id KeyID) error
}

// SessionStore keeps log-ins.
type SessionStore interface {
	CreateSession(ctx context.Context, session Session) error
	// Session returns a session that has not ended, and its user.
	Session(ctx context.Context, id SessionID) (Session, User, error)
	DeleteSession(ctx context.Context, id SessionID) error
	DeleteSessionsBefore(ctx context.Context, expiry time.Time) error
}

// ProjectStore keeps projects; names are unique per owner.
type ProjectStore interface {
	CreateProject(ctx context.Context, project Project) error
	Project(ctx context.Context, id ProjectID) (Project, error)
	ProjectByName(ctx context.Context, owner UserID, name string) (Project, error)
	Projects(ctx context.Context, owner UserID) ([]Project, error)
	AllProjects(ctx context.Context) ([]Project, error)
	// ChangeProject reads the project, applies change and writes it, in one transaction.
	ChangeProject(ctx context.Context, id ProjectID, change func(*Project) error) (Project, error)
	// DeleteProject removes the project and its deployments.
	DeleteProject(ctx context.Context, id ProjectID) error
}

// DeploymentStore keeps deployments.
type DeploymentStore interface {
	// CreateDeployment gives the deployment its number, the next of its project, and stores it.
	CreateDeployment(ctx context.Context, deployment Deployment) (Deployment, error)
	// UpdateDeployment stores the deployment's new state. When it is live, the project's earlier
	// live deployment becomes superseded in the same transaction.
	UpdateDeployment(ctx context.Context, deployment Deployment) error
	Deployment(ctx context.Context, project ProjectID, number int) (Deployment, error)
	// Deployments lists a project's, newest first; limit 0 means all.
	Deployments(ctx context.Context, project ProjectID, limit int) ([]Deployment, error)
	// LiveDeployment returns the live one, NotFound when there is none.
	LiveDeployment(ctx context.Context, project ProjectID) (Deployment, error)
	// LiveDeployments and ActiveDeployments list those of all projects.
	LiveDeployments(ctx context.Context) ([]Deployment, error)
	ActiveDeployments(ctx context.Context) ([]Deployment, error)
}
