package ingress

import (
	"context"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// How often the log tells that a host has no answer, and of how many hosts that is remembered.
const (
	complainEvery = 10 * time.Second
	maxComplaints = 1000
)

// complaints keeps an application that is down under load from filling the log: one line a while for
// each host, with how many requests it stands for.
type complaints struct {
	mu    sync.Mutex
	hosts map[paas.Hostname]*complaint // guarded by mu
}

type complaint struct {
	said   time.Time
	unsaid int // since then
}

// due tells whether to say it, and how many were passed over since it was said last.
func (c *complaints) due(host paas.Hostname, now time.Time) (unsaid int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.hosts[host]
	if known != nil && now.Sub(known.said) < complainEvery {
		known.unsaid++
		return 0, false
	}
	if known != nil {
		unsaid = known.unsaid
	}
	if c.hosts == nil || len(c.hosts) >= maxComplaints {
		c.hosts = map[paas.Hostname]*complaint{}
	}
	c.hosts[host] = &complaint{said: now}
	return unsaid, true
}

// complain logs that a request had no answer.
func (e *exchange) complain(ctx context.Context, method string, err error) {
	if unsaid, due := e.ingress.complaints.due(e.host, time.Now()); due {
		e.ingress.options.Log.WarnContext(ctx, "ingress: no answer", "host", e.host, "method", method, "error", err, "others before", unsaid)
	}
}
