package paas

import (
	"net/netip"
	"strings"
	"time"
)

// SessionID identifies a log-in: a UUIDv4, the jti of its JWT.
type SessionID string

// Session is one log-in. A token is good only while its session is stored, so that logout, a new
// password, deletion and loss of the administrator's rights end it at once, over restarts too.
type Session struct {
	ID        SessionID
	User      UserID
	Origin    Origin
	CreatedAt time.Time
	ExpiresAt time.Time
}

// SessionLifetime is how long a log-in lasts (API.md, "Who is asking").
const SessionLifetime = 6 * time.Hour

// Origin is where a log-in came from, for its owner to recognise it.
type Origin struct {
	Address string
	Agent   string // what the program calls itself: a claim, like a browser's User-Agent
}

// maxAgent is how many characters of what a program calls itself are kept.
const maxAgent = 200

// NewOrigin keeps of what a program calls itself a bounded line of printable text.
func NewOrigin(from netip.Addr, agent string) Origin {
	origin := Origin{}
	if from.IsValid() {
		origin.Address = from.Unmap().WithZone("").String()
	}
	printable := strings.Map(func(r rune) rune {
		if hasControl(string(r)) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(agent, " "))
	origin.Agent = truncate(strings.Join(strings.Fields(printable), " "), maxAgent)
	return origin
}
