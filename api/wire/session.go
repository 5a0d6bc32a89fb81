package wire

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// ActiveSession is a log-in that goes on.
type ActiveSession struct {
	ID        paas.SessionID `json:"id"`
	Current   bool           `json:"current"` // it is the one that asks
	Address   string         `json:"address"`
	Agent     string         `json:"agent"` // what the program calls itself
	CreatedAt time.Time      `json:"createdAt"`
	ExpiresAt time.Time      `json:"expiresAt"`
}

// ActiveSessionOf shows a log-in to somebody who asks by another, or by the same.
func ActiveSessionOf(s paas.Session, asking paas.SessionID) ActiveSession {
	return ActiveSession{
		ID: s.ID, Current: s.ID == asking, Address: s.Origin.Address, Agent: s.Origin.Agent,
		CreatedAt: s.CreatedAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
	}
}
