package paas

import "time"

// InviteID identifies an invitation: a UUIDv4.
type InviteID string

// Invite lets one person register while registration is by invitation. Whoever registers with the
// address it was mailed to has proven that address.
type Invite struct {
	ID        InviteID
	Hash      NonceHash
	Email     string // empty: handed over by hand, for any address
	By        string // username of the administrator
	CreatedAt time.Time
	ExpiresAt time.Time
}
