package ingress

import (
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestComplaintsAreFew: an application that is down is told of once in a while, with how often it was.
func TestComplaintsAreFew(t *testing.T) {
	var c complaints
	now := time.Now()
	said, counted := 0, 0
	for i := range 1000 { // 25 s at 40 a second
		unsaid, due := c.due("x", now.Add(time.Duration(i)*25*time.Millisecond))
		if due {
			said++
			counted += 1 + unsaid
		}
	}
	if said != 3 || counted != 801 {
		t.Errorf("said %d times, of %d requests", said, counted)
	}
	if _, due := c.due("y", now); !due {
		t.Error("another host's is not said")
	}
	for i := range 3 * maxComplaints {
		c.due(paas.Hostname(time.Duration(i).String()), now)
	}
	if len(c.hosts) > maxComplaints {
		t.Errorf("%d hosts are remembered", len(c.hosts))
	}
}
