package paas

import "time"

// SessionID identifies a log-in: a UUIDv4, the jti of its JWT.
type SessionID string

// Session is one log-in. A token is good only while its session is stored, so that logout, a new
// password, deletion and loss of the administrator's rights end it at once, over restarts too.
type Session struct {
	ID        SessionID
	User      UserID
	CreatedAt time.Time
	ExpiresAt time.Time
}

// SessionLifetime is how long a log-in lasts (API.md, "Who is asking").
const SessionLifetime = 6 * time.Hour
