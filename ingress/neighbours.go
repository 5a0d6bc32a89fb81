package ingress

import (
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strconv"

	"github.com/paastech-cloud/paastech/paas"
)

// neighbours is where requests for names that are no project's go. It is never changed, only replaced.
type neighbours struct {
	all    []*neighbour
	byHost map[paas.Hostname][]*neighbour // whose rule needs that name
	others []*neighbour                   // whose rule may match any
}

// neighbour serves what one router means.
type neighbour struct {
	paas.Neighbour
	order   int // the lower is asked first
	handler http.Handler
}

// SetNeighbours puts these ways in place of all earlier ones, the one that is asked first in front. One
// that stays as it was keeps what it knows of its clients.
func (i *Ingress) SetNeighbours(ways []paas.Neighbour) {
	i.changes.Lock()
	defer i.changes.Unlock()
	earlier := i.neighbours.Load()
	next := &neighbours{byHost: map[paas.Hostname][]*neighbour{}}
	for order, way := range ways {
		made := i.newNeighbour(way, earlier)
		made.order = order
		next.all = append(next.all, made)
		hosts, whole := paas.RuleHosts(way.Rule)
		if !whole {
			next.others = append(next.others, made)
		}
		slices.Sort(hosts)
		for _, host := range slices.Compact(hosts) {
			next.byHost[host] = append(next.byHost[host], made)
		}
	}
	i.neighbours.Store(next)
}

func (i *Ingress) newNeighbour(way paas.Neighbour, earlier *neighbours) *neighbour {
	for _, known := range earlier.all {
		if reflect.DeepEqual(known.Neighbour, way) {
			return &neighbour{Neighbour: way, handler: known.handler}
		}
	}
	handler := i.toNeighbour(way)
	for _, step := range slices.Backward(way.Steps) {
		handler = i.step(step, handler)
	}
	return &neighbour{Neighbour: way, handler: handler}
}

// find returns who takes the request; nil when nobody does.
func (n *neighbours) find(request paas.RuleRequest, secure bool) *neighbour {
	takes := func(one *neighbour) bool {
		return (secure && one.Secure || !secure && one.Plain) && one.Rule.Match(request)
	}
	named, others := n.byHost[request.Host], n.others
	for len(named)+len(others) > 0 {
		from := &named
		if len(named) == 0 || len(others) > 0 && others[0].order < named[0].order {
			from = &others
		}
		if takes((*from)[0]) {
			return (*from)[0]
		}
		*from = (*from)[1:]
	}
	return nil
}

// serveNeighbour has a request answered by a neighbour; false when none takes it.
func (i *Ingress) serveNeighbour(w http.ResponseWriter, r *http.Request) bool {
	known := i.neighbours.Load()
	if len(known.all) == 0 {
		return false
	}
	found := known.find(paas.RuleRequest{
		Host: hostname(r.Host), Path: r.URL.EscapedPath(), Method: r.Method, Header: r.Header, Query: r.URL.Query(), Client: i.client(r),
	}, isSecure(r))
	if found == nil {
		return false
	}
	found.handler.ServeHTTP(w, r)
	return true
}

// client is whose request it is: who is connected, or whom trusted proxies name.
func (i *Ingress) client(r *http.Request) netip.Addr {
	address := peerAddress(r)
	for _, said := range slices.Backward(parts(r.Header.Values("X-Forwarded-For"))) {
		if !i.trusts(address) {
			break
		}
		before, err := netip.ParseAddr(said)
		if err != nil {
			break
		}
		address = before.Unmap().WithZone("")
	}
	return address
}

func (i *Ingress) trusts(peer netip.Addr) bool {
	return within(i.options.TrustedProxies, peer)
}

// secureAddress is a request's address over TLS.
func (i *Ingress) secureAddress(r *http.Request) string {
	to := schemeSecure + "://" + string(hostname(r.Host))
	if port := i.options.TLS.Port; port != 0 && port != 443 {
		to += ":" + strconv.Itoa(port)
	}
	return to + r.URL.RequestURI()
}
