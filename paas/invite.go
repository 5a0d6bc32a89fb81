package paas

import "time"

// InviteID identifies an invitation: a UUIDv4.
type InviteID string

// NewInvite is an invitation to make.
type NewInvite struct {
	Email string // the link is mailed to it; empty makes one to hand over
	Admin bool   // it makes an administrator, also while registration is closed
}

// Invite lets one person register while registration is by invitation. Whoever registers with the
// address it was mailed to has proven that address; an administrator's is believed.
type Invite struct {
	ID        InviteID
	Hash      NonceHash
	Email     string // empty: handed over by hand, for any address
	Admin     bool   // whoever registers with it is an administrator
	By        string // username of the administrator
	CreatedAt time.Time
	ExpiresAt time.Time
}
