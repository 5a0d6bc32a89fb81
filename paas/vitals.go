package paas

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// vitals is what the platform remembers of containers that should run: whether they are well, and
// how often they ended lately.
type vitals struct {
	mu    sync.Mutex
	known map[ContainerID]*vital // guarded by mu, what it points to as well
	began bool                   // guarded by mu: a first look was taken
}

// vital is one container's.
type vital struct {
	noted     time.Time // when it was first known
	container Container
	health    Health
	probe     Probe
	checks    bool // it has a port to ask at

	started  time.Time // which start this is about
	well     bool
	onceWell bool // since it started
	failures int  // in a row
	asked    time.Time
	asking   bool

	crashes   int    // in a row, each after a few starts by the engine
	looping   bool   // that it keeps ending was told
	ending    string // how it ended last, in a sentence
	nextStart time.Time
}

func newVitals() *vitals { return &vitals{known: map[ContainerID]*vital{}} }

// Bounds of starting again what keeps ending: the engine tries a few times at once, then we do, ever
// more rarely. A container that has lived for calmAfter begins anew.
const (
	engineRestarts = 3
	firstRest      = 5 * time.Second
	longestRest    = 5 * time.Minute
	calmAfter      = 2 * time.Minute
)

// of returns what is remembered of a container.
func (v *vitals) of(id ContainerID) (vital, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	one := v.known[id]
	if one == nil {
		return vital{}, false
	}
	return *one, true
}

// happening is what a look has shown of a container.
type happening struct {
	kind      EventKind
	container Container
}

// see takes over one look, and returns what it shows to have happened since the last. What ran and was kept before the first look is believed to be well: it
// answered once, and a daemon that comes back must not take it off the air.
func (v *vitals) see(now time.Time, w world) (since []happening) {
	v.mu.Lock()
	defer v.mu.Unlock()
	present := map[ContainerID]bool{}
	for id, containers := range w.containers {
		live, isLive := w.live[id]
		for _, c := range containers {
			present[c.ID] = true
			if isLive && c.Deployment == live.Number && !c.OneOff {
				since = append(since, v.update(now, c, live, !v.began && c.Kept)...)
			}
		}
	}
	for id, one := range v.known {
		if !present[id] && one.noted.Before(w.taken) { // a version may have gone live since the look was taken
			delete(v.known, id)
		}
	}
	v.began = true
	return since
}

func (v *vitals) update(now time.Time, c Container, live Deployment, believed bool) (since []happening) {
	one := v.known[c.ID]
	if one == nil {
		one = &vital{noted: now, started: c.StartedAt, well: believed, onceWell: believed}
		v.known[c.ID] = one
	}
	if c.Running && !c.StartedAt.Equal(one.started) {
		if one.crashes == 0 {
			since = append(since, happening{EventRestarted, c})
		}
		one.started, one.well, one.onceWell, one.failures = c.StartedAt, false, false, 0
	}
	if c.Running && now.Sub(c.StartedAt) > calmAfter {
		if one.crashes > 0 {
			since = append(since, happening{EventCalm, c})
		}
		one.crashes, one.looping, one.nextStart = 0, false, time.Time{}
	}
	one.container, one.health = c, live.App.Health
	one.checks = c.Process == live.Image.Entry() && live.Port > 0
	one.probe = Probe{Ports: []int{live.Port}, Path: live.App.Health.Path, TCP: live.App.Health.TCP, H2C: live.App.HTTP.Protocol == H2C}
	one.probe.Timeout = defaultTo(time.Duration(live.App.Health.Timeout), DefaultHealthTimeout)
	if !one.checks {
		one.well, one.onceWell = true, true
	}
	return since
}

// forget has the next look be the first of a container.
func (v *vitals) forget(id ContainerID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.known, id)
}

// looked tells whether a first look was taken.
func (v *vitals) looked() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.began
}

// ready notes that a container of a rollout answered.
func (v *vitals) ready(now time.Time, c Container, d Deployment) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known[c.ID] = &vital{noted: now, started: c.StartedAt, well: true, onceWell: true, asked: now}
	v.update(now, c, d, true)
}

// serving chooses of running containers those that traffic may go to: the well ones, else those that
// were well since they started.
func (v *vitals) serving(containers []Container) []Container {
	v.mu.Lock()
	defer v.mu.Unlock()
	var well, once []Container
	for _, c := range containers {
		one := v.known[c.ID]
		if one == nil || !c.StartedAt.Equal(one.started) {
			continue
		}
		if one.well {
			well = append(well, c)
		}
		if one.onceWell {
			once = append(once, c)
		}
	}
	if len(well) > 0 {
		return well
	}
	return once
}

// crashed lists the containers of a live version that the engine keeps starting in vain.
func (p *Platform) crashed(w world, id ProjectID) []Container {
	live, isLive := w.live[id]
	if !isLive || w.projects[id].Stopped || w.deleting[id] {
		return nil
	}
	var all []Container
	for _, c := range w.containers[id] {
		if c.Deployment == live.Number && c.Kept && !c.OneOff && c.Restarts >= engineRestarts && (c.Restarting || p.now().Sub(c.StartedAt) < calmAfter) {
			all = append(all, c)
		}
	}
	return all
}

// rest stops a container that keeps ending, until the time comes to try again.
func (p *Platform) rest(ctx context.Context, c Container) error {
	how := p.vitals.lastEnding(c)
	pause, tell := p.vitals.crash(p.now(), c, how, EventCrashing)
	p.say(ctx, c, fmt.Sprintf("%s It is started again in %s.", how, pause))
	if tell != "" {
		p.tellContainer(ctx, tell, c, fmt.Sprintf("%s It keeps ending, and is started again ever more rarely.", how))
	}
	return p.Engine.Stop(ctx, c.ID, 0)
}

// ended notes how a container ended.
func (v *vitals) ended(id ContainerID, how string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if one := v.known[id]; one != nil {
		one.ending = how
	}
}

// lastEnding is how a container ended last. One that runs again does not show it any more.
func (v *vitals) lastEnding(c Container) string {
	if known, is := v.of(c.ID); is && c.Running && known.ending != "" {
		return known.ending
	}
	return ending(c)
}

// ending says in a sentence how a container ended.
func ending(c Container) string {
	if c.OOMKilled {
		return fmt.Sprintf("%s.%d used more memory than its limit (%s) and was killed.", c.Process, c.Index, c.Memory)
	}
	return fmt.Sprintf("%s.%d ended %s.", c.Process, c.Index, exitWords(c.ExitCode))
}

// loopAfter is how many times in a row a container is unwell until it counts as one that keeps ending.
const loopAfter = 3

// crash notes that a container has ended, or is not well, once more. It returns how long it rests, and as
// what that is to be told: a crash loop only once.
func (v *vitals) crash(now time.Time, c Container, how string, kind EventKind) (pause time.Duration, tell EventKind) {
	v.mu.Lock()
	defer v.mu.Unlock()
	one := v.known[c.ID]
	if one == nil {
		one = &vital{noted: now, container: c, started: c.StartedAt}
		v.known[c.ID] = one
	}
	pause = min(firstRest<<min(one.crashes, 10), longestRest)
	one.crashes++
	one.ending = how
	one.nextStart = now.Add(pause)
	one.well, one.onceWell = false, false
	if kind == EventUnhealthy && one.crashes >= loopAfter {
		kind = EventCrashing
	}
	if kind == EventCrashing && one.looping {
		kind = ""
	}
	one.looping = one.looping || kind == EventCrashing
	return pause, kind
}

// tellHappenings tells what a look has shown.
func (p *Platform) tellHappenings(ctx context.Context, all []happening) {
	for _, one := range all {
		who := slot{one.container.Process, one.container.Index}
		what := fmt.Sprintf("%s was started again.", who)
		if one.kind == EventCalm {
			what = fmt.Sprintf("%s has been running for %s again.", who, Duration(calmAfter))
		}
		p.tellContainer(ctx, one.kind, one.container, what)
	}
}

// resting are those containers whose time to be started again has not come.
func (v *vitals) resting(now time.Time, containers []Container) map[ContainerID]bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	resting := map[ContainerID]bool{}
	for _, c := range containers {
		if one := v.known[c.ID]; one != nil && one.nextStart.After(now) {
			resting[c.ID] = true
		}
	}
	return resting
}

// condition is what a project's containers are like.
type condition struct {
	crashing, unwell, starting bool
	nextStart                  time.Time
	why                        string // of crashing, in a sentence
}

func (v *vitals) condition(containers []Container) condition {
	v.mu.Lock()
	defer v.mu.Unlock()
	var found condition
	for _, c := range containers {
		one := v.known[c.ID]
		if one == nil {
			continue
		}
		if one.crashes > 0 {
			found.crashing, found.nextStart, found.why = true, one.nextStart, one.ending
		}
		found.starting = found.starting || c.Running && !one.onceWell && one.failures == 0
		found.unwell = found.unwell || c.Running && !one.well && (one.onceWell || one.failures > 0)
	}
	return found
}

// nextDue is when the next resting container is to be started; zero when none rests.
func (v *vitals) nextDue() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	var next time.Time
	for _, one := range v.known {
		if !one.nextStart.IsZero() && !one.container.Running && (next.IsZero() || one.nextStart.Before(next)) {
			next = one.nextStart
		}
	}
	return next
}
