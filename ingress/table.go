package ingress

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"sync/atomic"

	"github.com/paastech-cloud/paastech/paas"
)

// Why requests were cut.
var (
	errRemoved  = errors.New("the route was removed")
	errShutdown = errors.New("the ingress shuts down")
)

// table is all routes at one moment. It is never changed, only replaced.
type table struct {
	entries map[paas.Hostname]*entry
}

// with returns a table that has e in place of its hostname's entry, or no entry when e is nil.
func (t *table) with(host paas.Hostname, e *entry) *table {
	entries := maps.Clone(t.entries)
	if entries == nil {
		entries = map[paas.Hostname]*entry{}
	}
	if e == nil {
		delete(entries, host)
	} else {
		entries[host] = e
	}
	return &table{entries: entries}
}

// entry is a route and the targets that requests for it go to.
type entry struct {
	route   paas.Route
	targets targets
	counter *traffic

	dashboard bool // it is ours, and nobody's project's

	turn atomic.Uint32 // where the search for the least busy target begins
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
	route.Targets = slices.Clone(route.Targets)
	i.changes.Lock()
	defer i.changes.Unlock()
	earlier := i.table.Load().entries[route.Host]
	next := newEntry(route, earlier, i.counter(route.Project))
	i.table.Store(i.table.Load().with(route.Host, next))
	return earlier.retireExcept(next).drain
}

// Remove forgets a hostname and cuts what is in flight.
func (i *Ingress) Remove(host paas.Hostname) {
	host = hostname(string(host))
	i.changes.Lock()
	defer i.changes.Unlock()
	earlier := i.table.Load().entries[host]
	if earlier == nil {
		return
	}
	i.table.Store(i.table.Load().with(host, nil))
	delete(i.counters, earlier.route.Project)
	earlier.retireExcept(nil).cut(errRemoved)
}

// Routes lists all routes, by hostname.
func (i *Ingress) Routes() []paas.Route {
	entries := i.table.Load().entries
	routes := make([]paas.Route, 0, len(entries))
	for _, host := range slices.Sorted(maps.Keys(entries)) {
		route := entries[host].route
		if entries[host].dashboard {
			continue
		}
		route.Targets = slices.Clone(route.Targets)
		routes = append(routes, route)
	}
	return routes
}
