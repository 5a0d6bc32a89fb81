package wire

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// UserDetails is an account as administrators see it.
type UserDetails struct {
	User
	Verified     bool             `json:"verified"`
	PendingEmail string           `json:"pendingEmail,omitempty"`
	Limits       *paas.UserLimits `json:"limits"` // null when the usual ones hold
}

// UserDetailsOf shows an account to administrators.
func UserDetailsOf(u paas.User) UserDetails {
	return UserDetails{User: UserOf(u), Verified: u.Verified, PendingEmail: u.PendingEmail, Limits: u.Limits}
}

// Allowance is what a user may use and does.
type Allowance struct {
	Limits paas.UserLimits `json:"limits"` // 0 is no bound
	Usage  paas.Usage      `json:"usage"`
}

// NewLimits gives a user limits of their own; null takes them back to the usual ones.
type NewLimits struct {
	Limits *paas.UserLimits `json:"limits"`
}

// Deletion is what a deletion would take along.
type Deletion struct {
	Projects   []ProjectName `json:"projects"`
	Containers int           `json:"containers"`
	Disk       int64         `json:"disk"` // bytes
	Keys       int           `json:"keys"`
	Tokens     int           `json:"tokens"`
}

// ProjectName names a project.
type ProjectName struct {
	ID   paas.ProjectID `json:"id"`
	Name string         `json:"name"`
}

// DeletionOf shows what a deletion would take along.
func DeletionOf(d paas.Deletion) Deletion {
	projects := make([]ProjectName, len(d.Projects))
	for i, p := range d.Projects {
		projects[i] = ProjectName{p.ID, p.Name}
	}
	return Deletion{Projects: projects, Containers: d.Containers, Disk: d.Disk, Keys: d.Keys, Tokens: d.Tokens}
}

// NewInvite is an invitation to make; with an address the link is mailed there.
type NewInvite struct {
	Email string `json:"email,omitempty"`
	Admin bool   `json:"admin,omitempty"` // it makes an administrator, also while registration is closed
}

// Invite is an invitation. Its code is there once, when it is made.
type Invite struct {
	ID        paas.InviteID `json:"id"`
	Email     string        `json:"email,omitempty"`
	Admin     bool          `json:"admin,omitempty"`
	By        string        `json:"by"`
	Code      paas.Secret   `json:"code,omitempty"`
	CreatedAt time.Time     `json:"createdAt"`
	ExpiresAt time.Time     `json:"expiresAt"`
}

// InviteOf shows an invitation.
func InviteOf(i paas.Invite) Invite {
	return Invite{ID: i.ID, Email: i.Email, Admin: i.Admin, By: i.By, CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC()}
}

// AuditEntry is one recorded change.
type AuditEntry struct {
	ID     int64       `json:"id"`
	At     time.Time   `json:"at"`
	User   paas.UserID `json:"userId,omitempty"`
	Name   string      `json:"username"`
	With   string      `json:"with"`
	From   string      `json:"from"`
	Action string      `json:"action"`
	Target string      `json:"target"`
	Result paas.Code   `json:"result"` // "OK" or the code of the failure
}

// AuditEntryOf shows a recorded change.
func AuditEntryOf(e paas.AuditEntry) AuditEntry {
	return AuditEntry{ID: e.ID, At: e.At.UTC(), User: e.User, Name: e.Name, With: e.With, From: e.From, Action: e.Action, Target: e.Target, Result: e.Result}
}

// Mail is a mail that the outbox keeps; its text is there when one is asked for.
type Mail struct {
	ID        paas.MailID    `json:"id"`
	Kind      paas.MailKind  `json:"kind"`
	To        string         `json:"to"`
	State     paas.MailState `json:"state"`
	Attempts  int            `json:"attempts"`
	LastError string         `json:"lastError,omitempty"`
	CreatedAt time.Time      `json:"createdAt"`
	Subject   string         `json:"subject,omitempty"`
	Text      string         `json:"text,omitempty"`
	HTML      string         `json:"html,omitempty"`
}

// MailOf shows a mail without what it says.
func MailOf(m paas.Mail) Mail {
	return Mail{ID: m.ID, Kind: m.Kind, To: m.To, State: m.State, Attempts: m.Attempts, LastError: m.LastError, CreatedAt: m.CreatedAt.UTC()}
}
