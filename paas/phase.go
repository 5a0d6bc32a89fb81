package paas

import "time"

// Phase is one of the states that a deployment went through, for how long.
type Phase struct {
	State State // queued, building, starting or live
	From  time.Time
	To    *time.Time // nil: it goes on
}

// Lasted is how long the phase took; so far, when it goes on.
func (p Phase) Lasted(now time.Time) time.Duration {
	if p.To != nil {
		now = *p.To
	}
	return max(0, now.Sub(p.From))
}

// Phases are the states that the deployment went through, in their order. One that was built before
// the platform kept when builds begin waited for no time.
func (d Deployment) Phases() []Phase {
	begins := []Phase{{State: Queued, From: d.CreatedAt}}
	begun := d.BegunAt
	if begun == nil && d.Reason == ReasonPush && (d.BuiltAt != nil || d.State == Building) {
		begun = &d.CreatedAt
	}
	for _, next := range []struct {
		state State
		at    *time.Time
	}{{Building, begun}, {Starting, d.BuiltAt}, {Live, d.LiveAt}} {
		if next.at != nil {
			begins[len(begins)-1].To = next.at
			begins = append(begins, Phase{State: next.state, From: *next.at})
		}
	}
	begins[len(begins)-1].To = d.EndedAt
	return begins
}
