package ingress

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"maps"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/paastech-cloud/paastech/paas"
)

// Why requests were cut.
var (
	errRemoved  = errors.New("the route was removed")
	errShutdown = errors.New("the ingress shuts down")
)

// shards is how many parts a table has, so that a change of one route copies little of ten thousand.
const shards = 256

var shardSeed = maphash.MakeSeed()

func shardOf(host paas.Hostname) int { return int(maphash.String(shardSeed, string(host)) % shards) }

// table is all routes at one moment. It is never changed, only replaced.
type table struct {
	shards [shards]map[paas.Hostname]*entry
	mounts map[paas.Hostname][]mount // parts of names, the longest path first
}

// mount leads what is at a path of a name, and below it, to another route than the rest.
type mount struct {
	path string
	to   paas.Hostname // the route's own
}

// takes tells whether a request's path is at the mount or below it.
func (m mount) takes(path string) bool {
	rest, is := strings.CutPrefix(path, m.path)
	return is && (rest == "" || rest[0] == '/')
}

// remount returns the mounts with those of a route in place of its earlier ones.
func remount(all map[paas.Hostname][]mount, route paas.Hostname, earlier, next []paas.Mount) map[paas.Hostname][]mount {
	if len(earlier) == 0 && len(next) == 0 {
		return all
	}
	all = maps.Clone(all)
	if all == nil {
		all = map[paas.Hostname][]mount{}
	}
	for _, m := range earlier {
		all[m.Host] = slices.DeleteFunc(slices.Clone(all[m.Host]), func(known mount) bool { return known.to == route && known.path == m.Path })
		if len(all[m.Host]) == 0 {
			delete(all, m.Host)
		}
	}
	for _, m := range next {
		all[m.Host] = append(slices.Clone(all[m.Host]), mount{m.Path, route})
		slices.SortStableFunc(all[m.Host], func(a, b mount) int { return len(b.path) - len(a.path) })
	}
	return all
}

// lookup finds what a request is for: the name to look its route up by, and that; nil when it is nobody's.
func (t *table) lookup(r *http.Request) (paas.Hostname, *entry) {
	host := hostname(r.Host)
	for _, m := range t.mounts[host] {
		if m.takes(r.URL.Path) {
			if found := t.get(m.to); found != nil {
				return m.to, found
			}
		}
	}
	return host, t.find(host)
}

// get returns the entry of a hostname's own.
func (t *table) get(host paas.Hostname) *entry { return t.shards[shardOf(host)][host] }

// all are the entries by hostname, in no order.
func (t *table) all() iter.Seq2[paas.Hostname, *entry] {
	return func(yield func(paas.Hostname, *entry) bool) {
		for _, shard := range t.shards {
			for host, e := range shard {
				if !yield(host, e) {
					return
				}
			}
		}
	}
}

// draft is a table in the making, from another one.
type draft struct {
	table
	own [shards]bool // the shards that are not the other one's any more
}

// set puts an entry in, or takes one out when it is nil.
func (d *draft) set(host paas.Hostname, e *entry) {
	n := shardOf(host)
	if !d.own[n] {
		d.own[n] = true
		d.shards[n] = maps.Clone(d.shards[n])
		if d.shards[n] == nil {
			d.shards[n] = map[paas.Hostname]*entry{}
		}
	}
	if e == nil {
		delete(d.shards[n], host)
		return
	}
	d.shards[n][host] = e
}

// with returns a table that has e in place of the entry of a route's host, or no entry when e is nil, with
// all names of both. A name that is another's stays that one's.
func (t *table) with(host paas.Hostname, e *entry) *table {
	next := &draft{table: *t}
	var mounted, mounts []paas.Mount
	if earlier := t.get(host); earlier != nil {
		mounted = earlier.route.Mounts
		for _, name := range earlier.names() {
			if known := next.get(name); known != nil && known.route.Host == host {
				next.set(name, nil)
			}
		}
	}
	if e != nil {
		mounts = e.route.Mounts
	}
	next.mounts = remount(t.mounts, host, mounted, mounts)
	if e == nil {
		return &next.table
	}
	next.set(host, e)
	for _, name := range e.route.Also {
		if next.get(name) == nil {
			next.set(name, e)
		}
	}
	for name, to := range e.route.Redirects {
		if next.get(name) == nil {
			next.set(name, &entry{route: paas.Route{Host: host, Project: e.route.Project, State: stateRedirect}, to: to, counter: e.counter})
		}
	}
	return &next.table
}

// stateRedirect is of entries that only send visitors elsewhere.
const stateRedirect paas.RouteState = "redirect"

// find returns the entry of a hostname: its own, or that of all names one label below its parent.
func (t *table) find(host paas.Hostname) *entry {
	if found := t.get(host); found != nil {
		return found
	}
	if wildcard := wildcardOf(host); wildcard != "" {
		return t.get(wildcard)
	}
	return nil
}

// wildcardOf stands for all names beside a hostname; empty when it has no parent.
func wildcardOf(host paas.Hostname) paas.Hostname {
	dot := strings.IndexByte(string(host), '.')
	if dot <= 0 {
		return ""
	}
	return "*" + host[dot:]
}

// entry is a route and the targets that requests for it go to.
type entry struct {
	route   paas.Route
	targets targets
	counter *traffic
	through http.Handler // its steps, with the way to the targets behind them; nil when requests go there directly

	dashboard bool          // it is ours, and nobody's project's
	to        paas.Hostname // of stateRedirect

	turn atomic.Uint32 // where the search for the least busy target begins
}

// names are all hostnames of the entry's route.
func (e *entry) names() []paas.Hostname {
	names := append([]paas.Hostname{e.route.Host}, e.route.Also...)
	for name := range e.route.Redirects {
		names = append(names, name)
	}
	return names
}

// newEntry takes over the targets that the hostname's earlier entry has too.
func newEntry(route paas.Route, earlier *entry, counter *traffic) *entry {
	e := &entry{route: route, counter: counter}
	for _, address := range route.Targets {
		known := -1
		if earlier != nil {
			known = slices.IndexFunc(earlier.targets, func(t *target) bool { return t.address == address && t.protocol == route.Protocol })
		}
		if known >= 0 {
			e.targets = append(e.targets, earlier.targets[known])
		} else {
			e.targets = append(e.targets, newTarget(address, route.Protocol))
		}
	}
	return e
}

// through is the handler of an entry whose requests do not go directly to its targets. One whose steps stay as they
// were keeps what it knows of its clients.
func (i *Ingress) through(e, earlier *entry) http.Handler {
	if len(e.route.Steps) == 0 && e.route.Protocol != paas.H2C {
		return nil
	}
	if earlier != nil && earlier.through != nil && earlier.route.Protocol == e.route.Protocol && reflect.DeepEqual(earlier.route.Steps, e.route.Steps) {
		return earlier.through
	}
	counter := e.counter
	handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _ := i.table.Load().lookup(r)
		i.forward(w, r, host, counter)
	}))
	for _, step := range slices.Backward(e.route.Steps) {
		handler = i.step(step, handler)
	}
	return handler
}

// leastBusy returns the target with the fewest requests in flight that was not tried yet, nil when
// all were.
func (e *entry) leastBusy(tried targets) *target {
	var best *target
	load := int64(math.MaxInt64)
	start := int(e.turn.Add(1))
	for n := range e.targets {
		t := e.targets[(start+n)%len(e.targets)]
		if busy := t.load.Load(); busy < load && !slices.Contains(tried, t) {
			best, load = t, busy
		}
	}
	return best
}

// retireExcept retires the targets that next does not have, and returns them.
func (e *entry) retireExcept(next *entry) targets {
	var retired targets
	if e == nil {
		return nil
	}
	for _, t := range e.targets {
		if next == nil || !slices.Contains(next.targets, t) {
			t.retire()
			retired = append(retired, t)
		}
	}
	return retired
}

// Replace puts the route in place of the hostname's earlier one. The returned function may be called
// any number of times, or never.
func (i *Ingress) Replace(route paas.Route) func(context.Context) error {
	route.Host = hostname(string(route.Host))
	route.Targets, route.Also, route.Redirects, route.Mounts = slices.Clone(route.Targets), slices.Clone(route.Also), maps.Clone(route.Redirects), slices.Clone(route.Mounts)
	i.changes.Lock()
	defer i.changes.Unlock()
	earlier := i.table.Load().get(route.Host)
	next := i.put(route, earlier)
	reopened := earlier != nil && i.paused(earlier) && !i.paused(next)
	if reopened || route.State == paas.RouteLive && !i.paused(next) {
		i.waking.live(route.Project)
	}
	return earlier.retireExcept(next).drain
}

// put makes a route the one of its host, in place of the earlier one; i.changes is held.
func (i *Ingress) put(route paas.Route, earlier *entry) *entry {
	next := newEntry(route, earlier, i.counter(route.Project))
	next.through = i.through(next, earlier)
	i.table.Store(i.table.Load().with(route.Host, next))
	return next
}

// Remove forgets a hostname and cuts what is in flight.
func (i *Ingress) Remove(host paas.Hostname) {
	host = hostname(string(host))
	i.changes.Lock()
	defer i.changes.Unlock()
	earlier := i.table.Load().get(host)
	if earlier == nil {
		return
	}
	i.table.Store(i.table.Load().with(host, nil))
	i.waking.live(earlier.route.Project) // who waits for it learns that it has gone
	delete(i.counters, earlier.route.Project)
	earlier.retireExcept(nil).cut(errRemoved)
}

// Routes lists all routes, by hostname.
func (i *Ingress) Routes() []paas.Route {
	entries := maps.Collect(i.table.Load().all())
	routes := make([]paas.Route, 0, len(entries))
	for _, host := range slices.Sorted(maps.Keys(entries)) {
		route := entries[host].route
		if entries[host].dashboard || route.Host != host || route.State == stateRedirect {
			continue
		}
		route.Targets = slices.Clone(route.Targets)
		routes = append(routes, route)
	}
	return routes
}
