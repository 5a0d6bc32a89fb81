package paas

import (
	"slices"
	"time"
)

// Depth is how deep a project sleeps.
type Depth string

// The depths. A frozen project's processes are there and get no processor; one that is asleep has been
// stopped, and its containers are kept.
const (
	Awake  Depth = ""
	Frozen Depth = "frozen"
	Asleep Depth = "asleep"
)

// MinSleepAfter is the shortest time without a request after which an application may go to sleep.
const MinSleepAfter = Duration(time.Minute)

func (s Sleep) validate() error {
	if s.After > 0 && s.After < MinSleepAfter {
		return InvalidField("sleep.after", "An application can sleep after 1m at the earliest.")
	}
	for _, name := range s.Unless {
		if !processType.MatchString(name) {
			return InvalidField("sleep.unless", "%q is not the name of a process.", name)
		}
	}
	return nil
}

// with lays what an owner set over what the source declares.
func (s Sleep) with(set Sleep) Sleep {
	if set.After != 0 {
		s.After = set.After
	}
	if set.Unless != nil {
		s.Unless = set.Unless
	}
	return s
}

// mayIdle tells whether a deployment may sleep by itself: it says so, it answers requests that could wake
// it, and none of the processes runs that keep it awake.
func (d Deployment) mayIdle() bool {
	formation := d.formation()
	return d.App.Sleep.After > 0 && formation[d.Image.Entry()] > 0 &&
		!slices.ContainsFunc(d.App.Sleep.Unless, func(name string) bool { return formation[name] > 0 })
}

// idle is what is known of the use of a project that may sleep.
type idle struct {
	after time.Duration // without use
	depth Depth
	since time.Time // of the depth
	used  time.Time // last
}

// next is the depth that a project goes to now; the same when it is not time yet. It freezes when it was
// not used for long enough, and is stopped when it was frozen as long again.
func (i idle) next(now time.Time) Depth {
	switch {
	case i.depth == Awake && now.Sub(i.used) >= i.after:
		return Frozen
	case i.depth == Frozen && now.Sub(i.since) >= i.after:
		return Asleep
	}
	return i.depth
}
