package templates

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Profile is a user's own account.
type Profile struct {
	Frame
	User      paas.User
	Allowance []Allowance
	Account   AccountForm
	Password  PasswordForm
	Keys      []KeyRow
	NewKey    KeyForm
	Tokens    []TokenRow
	NewToken  TokenForm
	Made      *MadeToken // just now
	Sessions  []SessionRow
	Server    string
}

func (Profile) file() string { return "profile.html" }

// AccountForm changes name and address.
type AccountForm struct {
	Mistakes
	Username string
	Email    string
}

// PasswordForm changes the password; nothing of it is ever shown again.
type PasswordForm struct{ Mistakes }

// Allowance is one of a user's limits, and what is used of it.
type Allowance struct {
	What  string
	Used  string
	Limit string // empty when there is none
	Meter Meter
}

// KeyRow is an SSH key.
type KeyRow struct {
	ID          paas.KeyID
	Name        string
	Type        string
	Fingerprint string
	Owner       string // of a list of everybody's
	CreatedAt   time.Time
	LastUsedAt  *time.Time
}

// KeyForm adds an SSH key.
type KeyForm struct {
	Mistakes
	Name  string
	Value string
}

// TokenRow is an API token.
type TokenRow struct {
	ID          paas.TokenID
	Name        string
	Scope       paas.Scope
	Project     paas.ProjectID
	ProjectName string // empty: all
	ExpiresAt   *time.Time
	Expired     bool
	LastUsedAt  *time.Time
}

// TokenForm makes an API token.
type TokenForm struct {
	Mistakes
	Name     string
	Scope    paas.Scope
	Project  paas.ProjectID
	Expires  string // a day; empty for never
	Today    string
	Projects []paas.Project
}

// Scopes are what a token may be for, least first.
func (TokenForm) Scopes() []ScopeChoice {
	return []ScopeChoice{
		{paas.ScopeRead, "look, but see no value of a variable"},
		{paas.ScopeDeploy, "look, and change what runs: deploy, start, stop, variables"},
		{paas.ScopeAdmin, "everything that you may"},
	}
}

// ScopeChoice is a scope with what it means.
type ScopeChoice struct {
	Scope   paas.Scope
	Meaning string
}

// MadeToken is shown once.
type MadeToken struct {
	Name   string
	Secret paas.Secret
}

// SessionRow is a log-in.
type SessionRow struct {
	ID        paas.SessionID
	Current   bool
	Program   string
	Agent     string
	Address   string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Closing asks whether an account shall be deleted, and says what goes along.
type Closing struct {
	Frame
	Mistakes
	Deletion Deletion
}

func (Closing) file() string { return "closing.html" }

// Deletion is what a deletion takes along.
type Deletion struct{ paas.Deletion }

// Size is its disk.
func (d Deletion) Size() uint64 { return uint64(max(0, d.Disk)) }
