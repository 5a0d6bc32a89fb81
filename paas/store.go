package paas

import (
	"context"
	"time"
)

// Store keeps what the platform decided. Reads of what is not there return NotFound; writes that break
// a uniqueness return Conflict with ETaken. Every write is durable when the call returns. Callbacks
// run inside the transaction and must not call the store.
type Store interface {
	UserStore
	KeyStore
	SessionStore
	TokenStore
	InviteStore
	MailStore
	AuditStore
	ProjectStore
	DeploymentStore
	MetricStore
	CronStore
	EventStore

	// Ping tells whether the database really answers.
	Ping(ctx context.Context) error

	// Generation counts the writes: what was read under one is true while it stays the same.
	Generation() uint64

	// Check says in a sentence each what is damaged in the database; nothing when it is sound.
	Check(ctx context.Context) ([]string, error)

	// RotateKey makes a new key and encrypts anew everything that is encrypted at rest. Interrupted at
	// any point it leaves everything readable, and can be called again.
	RotateKey(ctx context.Context) error
}

// Effects is what goes with a change of an account, in the same transaction.
type Effects struct {
	Mails       []Mail // to enqueue
	Done        MailID // a mail that this change has dealt with: removed
	EndSessions bool   // all of the account's log-ins
}

// UserStore keeps accounts. Usernames are unique regardless of case; addresses are unique regardless
// of case among verified accounts. An account whose deletion has begun is found by DeletingUsers
// alone, though its username stays taken.
type UserStore interface {
	// CreateUser stores an account with its mails; with an invite it uses that up, NotFound when it is
	// gone. Conflict: a Detail names "username" or "email".
	CreateUser(ctx context.Context, user User, invite InviteID, mails ...Mail) error
	User(ctx context.Context, id UserID) (User, error)
	UserByName(ctx context.Context, username string) (User, error)
	// UserByEmail finds the verified account of an address, UnverifiedUser the newest that waits for
	// its confirmation.
	UserByEmail(ctx context.Context, email string) (User, error)
	UnverifiedUser(ctx context.Context, email string) (User, error)
	// UserByNonce finds the account that this link was mailed to.
	UserByNonce(ctx context.Context, hash NonceHash) (User, error)
	Users(ctx context.Context) ([]User, error)
	// ChangeUser reads the account, applies change and writes it with its effects. Its rights are
	// SetAdmin's. Conflict as with CreateUser.
	ChangeUser(ctx context.Context, id UserID, change func(*User) (Effects, error)) (User, error)
	// SetAdmin gives or takes an administrator's rights; taking ends the account's log-ins. Conflict
	// with ELastAdmin when nobody would be left.
	SetAdmin(ctx context.Context, id UserID, admin bool) error
	// BeginUserDeletion ends the account's log-ins, tokens and keys, and begins its projects' deletion.
	// Conflict with ELastAdmin when it is the last administrator's.
	BeginUserDeletion(ctx context.Context, id UserID) error
	DeletingUsers(ctx context.Context) ([]User, error)
	// DeleteUser removes what is left of an account whose projects have gone.
	DeleteUser(ctx context.Context, id UserID) error
	// UnverifiedBefore lists accounts made before then that were never verified.
	UnverifiedBefore(ctx context.Context, then time.Time) ([]User, error)
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
	// Session returns a session that has not ended, and its user. It may answer from memory while no
	// write happened since it was read.
	Session(ctx context.Context, id SessionID) (Session, User, error)
	DeleteSession(ctx context.Context, id SessionID) error
	// Sessions lists a user's that have not ended, newest first.
	Sessions(ctx context.Context, user UserID) ([]Session, error)
	// EndSession ends one of a user's; EndSessions all but one, which may be nobody's.
	EndSession(ctx context.Context, user UserID, id SessionID) error
	EndSessions(ctx context.Context, user UserID, but SessionID) error
	DeleteSessionsBefore(ctx context.Context, expiry time.Time) error
}

// TokenStore keeps personal API tokens, by the hash of their secret.
type TokenStore interface {
	CreateToken(ctx context.Context, token APIToken) error
	// Tokens lists a user's, expired ones too, oldest first.
	Tokens(ctx context.Context, user UserID) ([]APIToken, error)
	// TokenByHash returns a token that has not expired, and its user; like Session.
	TokenByHash(ctx context.Context, hash TokenHash) (APIToken, User, error)
	TouchToken(ctx context.Context, id TokenID, at time.Time) error
	DeleteToken(ctx context.Context, user UserID, id TokenID) error
}

// InviteStore keeps invitations to register.
type InviteStore interface {
	CreateInvite(ctx context.Context, invite Invite, mails ...Mail) error
	Invites(ctx context.Context) ([]Invite, error)
	InviteByHash(ctx context.Context, hash NonceHash) (Invite, error)
	DeleteInvite(ctx context.Context, id InviteID) error
	DeleteInvitesBefore(ctx context.Context, expiry time.Time) error
}

// MailStore keeps mails until they are delivered: the outbox. What a mail says is encrypted at rest.
type MailStore interface {
	EnqueueMail(ctx context.Context, mail Mail) error
	// DueMails lists queued mails whose next attempt is not after then, oldest first.
	DueMails(ctx context.Context, then time.Time, limit int) ([]Mail, error)
	UpdateMail(ctx context.Context, mail Mail) error // state, attempts, next attempt, last error
	DeleteMail(ctx context.Context, id MailID) error
	// Mails lists what is kept, newest first.
	Mails(ctx context.Context, limit int) ([]Mail, error)
	Mail(ctx context.Context, id MailID) (Mail, error)
	// DeleteMailsBefore forgets mails that are not queued and older.
	DeleteMailsBefore(ctx context.Context, then time.Time) error
}

// AuditStore keeps the record of changes. It can only grow.
type AuditStore interface {
	AppendAudit(ctx context.Context, entry AuditEntry) error
	// Audit lists entries newest first.
	Audit(ctx context.Context, query AuditQuery) ([]AuditEntry, error)
}

// ProjectStore keeps projects; names are unique per owner. A project whose deletion has begun is
// found by DeletingProjects alone, though its name stays taken.
type ProjectStore interface {
	// CreateProject stores a project unless its owner has as many as most already (0 is no bound):
	// then Forbidden with EQuotaProjects.
	CreateProject(ctx context.Context, project Project, most int) error
	Project(ctx context.Context, id ProjectID) (Project, error)
	ProjectByName(ctx context.Context, owner UserID, name string) (Project, error)
	Projects(ctx context.Context, owner UserID) ([]Project, error)
	AllProjects(ctx context.Context) ([]Project, error)
	// ChangeProject reads the project, applies change and writes it, in one transaction.
	// AddDomain keeps a claim, unless the project has as many domains as most; ETaken when it has this one.
	AddDomain(ctx context.Context, domain Domain, most int) error
	// SaveDomain keeps what a check found; ETaken when another project has proven the name.
	SaveDomain(ctx context.Context, domain Domain) error
	RemoveDomain(ctx context.Context, d Domain) error
	Domains(ctx context.Context, project ProjectID) ([]Domain, error) // by name
	AllDomains(ctx context.Context) ([]Domain, error)                 // but of projects that are being deleted
	// SetDepth keeps how deep a project sleeps, and since when; that is no change of its owner's.
	SetDepth(ctx context.Context, id ProjectID, depth Depth, since time.Time) error
	ChangeProject(ctx context.Context, id ProjectID, change func(*Project) error) (Project, error)
	BeginProjectDeletion(ctx context.Context, id ProjectID) error
	DeletingProjects(ctx context.Context) ([]Project, error)
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
	// Deployments lists a project's, newest first, from below the number before (0 is no bound) and
	// at most limit (0 is all).
	Deployments(ctx context.Context, project ProjectID, before, limit int) ([]Deployment, error)
	// LatestDeployments finds the newest and the live deployment of each of some projects, without
	// their environments.
	LatestDeployments(ctx context.Context, projects []ProjectID) (newest, live map[ProjectID]Deployment, err error)
	// LiveDeployment returns the live one, NotFound when there is none.
	LiveDeployment(ctx context.Context, project ProjectID) (Deployment, error)
	// LiveDeployments and ActiveDeployments list those of all projects.
	LiveDeployments(ctx context.Context) ([]Deployment, error)
	ActiveDeployments(ctx context.Context) ([]Deployment, error)
}
