package paas

import (
	"context"
	"net/netip"
)

// Hostname is the name that a request's Host header carries, in lower case and without a port.
type Hostname string

// RouteState says what the ingress answers for a hostname.
type RouteState string

// The states of a route; all but RouteLive and RouteSleeping are answered by a page that says what to do.
const (
	RouteLive     RouteState = "live"
	RouteStopped  RouteState = "stopped"
	RouteStarting RouteState = "starting"
	RouteCrashed  RouteState = "crashed"
	RouteSleeping RouteState = "sleeping" // the next request wakes it
	RouteNew      RouteState = "new"      // nothing was ever deployed
)

// Route leads a project's hostnames to the containers of its live deployment. It is known by the first.
type Route struct {
	Host      Hostname              // the project's own
	Also      []Hostname            // its domains, sorted; *.example.com is any name one label below
	Redirects map[Hostname]Hostname // names whose visitors are sent to another
	Mounts    []Mount               // parts of others' names
	Project   ProjectID
	State     RouteState
	Targets   []netip.AddrPort // where the live containers answer
	Reception Reception        // of requests, where the state lets them go anywhere
	Protocol  Protocol         // that the containers speak
	Plain     bool             // requests without TLS are not sent to https
	Steps     []Step           // what is done to requests on their way, in order
}

// Mount is a part of a name: the path, and all that is below it.
type Mount struct {
	Host Hostname
	Path string
}

// Router is the ingress. A change is effective when the call returns.
type Router interface {
	// Replace puts the route in place of the earlier one of its Host, with all names of both. The returned function waits
	// until no request is in flight to a target that the new route no longer has; when its context
	// ends first, it cuts what is left and returns the context's cause.
	Replace(route Route) (drain func(context.Context) error)

	// Rest is Replace by a route without targets, unless a request is in flight: then it does nothing
	// and returns false. Requests that come later are held, and have the project woken.
	Rest(route Route) bool

	// Remove forgets a hostname and cuts what is in flight. It is idempotent.
	Remove(host Hostname)

	// Traffic counts the requests of each project since the start.
	Traffic() map[ProjectID]Traffic

	// Routes lists all routes.
	Routes() []Route

	// SetNeighbours puts these ways in place of all earlier ones, the one that is asked first in front.
	SetNeighbours(ways []Neighbour)

	// Certificates lists what clients are shown over TLS, by name, and what could not be got.
	Certificates(ctx context.Context) []Certificate

	// CARoot is what clients have to trust, in PEM, when the certificates are of a CA of the
	// installation's own; empty when they are not.
	CARoot() []byte
}
