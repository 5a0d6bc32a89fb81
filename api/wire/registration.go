package wire

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Register is what POST /auth/register asks for.
type Register struct {
	Username  string      `json:"username"`
	Email     string      `json:"email"`
	Password  paas.Secret `json:"password"`
	Invite    paas.Secret `json:"invite,omitempty"`    // the code of an invitation
	Challenge string      `json:"challenge,omitempty"` // the answer to GET /auth/challenge
}

// Registered is an account that waits for its address to be confirmed.
type Registered struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	IsAdmin  bool   `json:"isAdmin"`
}

// Address asks for a mail.
type Address struct {
	Email string `json:"email"`
}

// Challenge is a puzzle: find x so that SHA-256 of text + "." + x begins with this many zero bits.
type Challenge struct {
	Text  string    `json:"text"`
	Bits  int       `json:"bits"`
	Until time.Time `json:"until"`
}

// Reset chooses a new password by a mailed link.
type Reset struct {
	Password     paas.Secret `json:"password"`
	Verification paas.Secret `json:"passwordVerification"`
}

// ProfileChange changes one's own account; what is missing stays. A new address needs the password.
type ProfileChange struct {
	Username *string     `json:"username,omitempty"`
	Email    *string     `json:"email,omitempty"`
	Password paas.Secret `json:"password,omitempty"`
}

// PasswordChange replaces one's own password.
type PasswordChange struct {
	Current  paas.Secret `json:"currentPassword"`
	Password paas.Secret `json:"password"`
}

// Password proves that it is oneself.
type Password struct {
	Password paas.Secret `json:"password"`
}

// NewToken is an API token to make.
type NewToken struct {
	Name      string         `json:"name"`
	Scope     paas.Scope     `json:"scope"`
	Project   paas.ProjectID `json:"project,omitempty"` // the only one it is for
	ExpiresAt *time.Time     `json:"expiresAt,omitempty"`
}

// Token is an API token. Its secret is there once, when it is made.
type Token struct {
	ID         paas.TokenID   `json:"id"`
	Name       string         `json:"name"`
	Scope      paas.Scope     `json:"scope"`
	Project    paas.ProjectID `json:"project,omitempty"`
	Secret     paas.Secret    `json:"token,omitempty"`
	CreatedAt  time.Time      `json:"createdAt"`
	ExpiresAt  *time.Time     `json:"expiresAt"`
	LastUsedAt *time.Time     `json:"lastUsedAt"`
}

// TokenOf shows a token.
func TokenOf(t paas.APIToken) Token {
	return Token{
		ID: t.ID, Name: t.Name, Scope: t.Scope, Project: t.Project,
		CreatedAt: t.CreatedAt.UTC(), ExpiresAt: utc(t.ExpiresAt), LastUsedAt: utc(t.LastUsedAt),
	}
}

// Event is what happened to one of one's projects.
type Event struct {
	ID         int64          `json:"id,omitempty"`
	Kind       paas.EventKind `json:"kind"`
	Project    paas.ProjectID `json:"project"`
	At         time.Time      `json:"at"`
	Message    string         `json:"message,omitempty"`
	By         string         `json:"by,omitempty"`
	Version    int            `json:"version,omitempty"`
	Process    string         `json:"process,omitempty"`
	ExitCode   *int           `json:"exitCode,omitempty"`
	Status     paas.Status    `json:"status,omitempty"`
	Deployment *Deployment    `json:"deployment,omitempty"`
}

// EventOf shows an event.
func EventOf(e paas.Event) Event {
	shown := Event{
		ID: e.ID, Kind: e.Kind, Project: e.Project, At: e.At.UTC(), Message: e.Message,
		By: e.By, Version: e.Number, Process: e.Process, ExitCode: e.ExitCode, Status: e.Status,
	}
	if e.Deployment != nil {
		deployment := DeploymentOf(*e.Deployment)
		shown.Deployment = &deployment
	}
	return shown
}
