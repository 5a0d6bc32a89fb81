package ingress

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"maps"
	"math"
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
	if earlier := t.get(host); earlier != nil {
		for _, name := range earlier.names() {
			if known := next.get(name); known != nil && known.route.Host == host {
				next.set(name, nil)
			}
		}
	}
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
			known = slices.IndexFunc(earlier.targets, func(t *target) bool { return t.address == address })
		}
		if known >= 0 {
			e.targets = append(e.targets, earlier.targets[known])
		} else {
			e.targets = append(e.targets, newTarget(address))
		}
	}
	return e
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
	route.Targets, route.Also, route.Redirects = slices.Clone(route.Targets), slices.Clone(route.Also), maps.Clone(route.Redirects)
	i.changes.Lock()
	defer i.changes.Unlock()
	earlier := i.table.Load().get(route.Host)
	next := newEntry(route, earlier, i.counter(route.Project))
	i.table.Store(i.table.Load().with(route.Host, next))
	if route.State == paas.RouteLive {
		i.waking.live(route.Project)
	}
	return earlier.retireExcept(next).drain
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
