package templates

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// AdminUsers lists all accounts and the invitations that are open.
type AdminUsers struct {
	Frame
	AdminHead
	Listing
	Users   []UserRow
	Invites []paas.Invite
	Invite  InviteForm
	Made    *MadeInvite // just now
	NewUser NewUserForm
}

func (AdminUsers) file() string { return "admin-users.html" }

// UserRow is an account.
type UserRow struct {
	Username  string
	Email     string
	IsAdmin   bool
	Verified  bool
	Limits    bool // of its own
	Projects  int
	CreatedAt time.Time
}

// InviteForm invites somebody.
type InviteForm struct {
	Mistakes
	Email string
	Admin bool
}

// MadeInvite is an invitation whose link is shown once.
type MadeInvite struct {
	Email string // it was mailed there; empty when it is to be handed over
	Link  paas.Secret
	Until time.Time
}

// NewUserForm makes an account.
type NewUserForm struct {
	Mistakes
	Username string
	Email    string
	Admin    bool
}

// AdminUser is one account as administrators see it.
type AdminUser struct {
	Frame
	AdminHead
	User      paas.User
	Self      bool // it is the reader's own
	Projects  []OwnedProject
	Allowance []Allowance
	Limits    LimitsForm
	Deletion  Deletion
	Confirm   Mistakes // of the form that deletes
}

func (AdminUser) file() string { return "admin-user.html" }

// LimitsForm sets a user's own limits; empty is none.
type LimitsForm struct {
	Mistakes
	Own                                        bool
	Projects, Memory, Containers, Builds, Disk string
}
