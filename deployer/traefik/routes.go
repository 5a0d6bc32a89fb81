package traefik

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// Entry points of Traefik's documentation: without TLS, and with.
const (
	EntryPlain  = "web"
	EntrySecure = "websecure"
)

// maxChain is how deep chains of middlewares nest.
const maxChain = 8

// Container is one that a person runs beside the platform's.
type Container struct {
	Name    string
	Labels  map[string]string
	Address netip.Addr
	Ports   []int // that its image says it listens on
}

// Trouble is why something in a container's labels has no effect.
type Trouble struct {
	Container string
	Message   string
}

// configuration is what the labels of all containers together say.
type configuration struct {
	routers     map[string]routed
	services    map[string]served
	middlewares map[string]Middleware
	broken      map[string]string // middlewares that cannot be used, and why
	troubles    []Trouble
}

// routed is a router, with what its container says.
type routed struct {
	Router
	container string
	services  []string // of its container
}

// served is a service and its servers.
type served struct {
	LoadBalancer
	targets []netip.AddrPort
}

// Routes says where requests go by the labels of containers, the router that is asked first in front; and
// what has no effect. What would let in more requests than somebody meant has none at all: a router whose
// middleware is not understood is not served.
func Routes(containers []Container) ([]paas.Neighbour, []Trouble) {
	c := &configuration{routers: map[string]routed{}, services: map[string]served{}, middlewares: map[string]Middleware{}, broken: map[string]string{}}
	for _, container := range containers {
		c.add(container)
	}
	var all []paas.Neighbour
	for _, name := range slices.Sorted(maps.Keys(c.routers)) {
		way, err := c.way(name)
		if err != nil {
			c.trouble(c.routers[name].container, "router %s is not served: %s", name, err)
			continue
		}
		all = append(all, way)
	}
	slices.SortStableFunc(all, func(a, b paas.Neighbour) int { return b.Priority - a.Priority })
	return all, c.troubles
}

func (c *configuration) trouble(container, format string, args ...any) {
	c.troubles = append(c.troubles, Trouble{container, fmt.Sprintf(format, args...)})
}

// add reads one container's labels.
func (c *configuration) add(container Container) {
	labels, unknown, err := Decode(container.Labels)
	if err != nil {
		c.trouble(container.Name, "%s", err)
		return
	}
	if !labels.Enable {
		return
	}
	for _, label := range unknown {
		c.unknown(container.Name, label)
	}
	for name, middleware := range labels.HTTP.Middlewares {
		if known, is := c.middlewares[name]; is && !reflect.DeepEqual(known, middleware) {
			c.broken[name] = "two containers define it differently"
		}
		c.middlewares[name] = middleware
	}
	services := c.addServices(container, labels)
	if len(labels.HTTP.Routers) == 0 {
		c.trouble(container.Name, "no router: a label traefik.http.routers.<name>.rule is missing")
	}
	for name, router := range labels.HTTP.Routers {
		if known, is := c.routers[name]; is && !reflect.DeepEqual(known.Router, router) {
			router.Rule = "" // two containers define it differently: neither is right
		}
		c.routers[name] = routed{router, container.Name, services}
	}
}

// unknown notes a label that means nothing here. One of a middleware makes that unusable.
func (c *configuration) unknown(container, label string) {
	c.trouble(container, "label %s means nothing here", label)
	path := strings.Split(label, ".")
	if len(path) > 3 && strings.EqualFold(path[1], "http") && strings.EqualFold(path[2], "middlewares") {
		c.broken[path[3]] = "label " + label + " means nothing here"
	}
}

// addServices makes the container a server of the services it names, or of one of its own.
func (c *configuration) addServices(container Container, labels Labels) []string {
	services := labels.HTTP.Services
	if len(services) == 0 {
		services = map[string]Service{container.Name: {}}
	}
	for name, service := range services {
		balancer := service.LoadBalancer
		port := balancer.Server.Port
		if port == 0 && len(container.Ports) > 0 {
			port = slices.Min(container.Ports)
		}
		known := c.services[name]
		known.LoadBalancer = balancer
		if port > 0 && port < 1<<16 {
			known.targets = append(known.targets, netip.AddrPortFrom(container.Address, uint16(port)))
		}
		c.services[name] = known
	}
	return slices.Sorted(maps.Keys(services))
}

// way is where a router leads.
func (c *configuration) way(name string) (paas.Neighbour, error) {
	router := c.routers[name]
	if router.Rule == "" {
		return paas.Neighbour{}, errors.New("it has no rule, or containers do not agree on it")
	}
	rule, err := ParseRule(router.Rule)
	if err != nil {
		return paas.Neighbour{}, err
	}
	service, err := c.serviceOf(router)
	if err != nil {
		return paas.Neighbour{}, err
	}
	way := paas.Neighbour{Name: name, Rule: rule, Priority: router.Priority, Targets: service.targets, Scheme: service.Server.Scheme, KeepHost: true}
	if way.Priority == 0 {
		way.Priority = len(router.Rule) // as Traefik does: the longer says more
	}
	switch way.Scheme {
	case "":
		way.Scheme = "http"
	case "http", "https", "h2c":
	default:
		return paas.Neighbour{}, fmt.Errorf("scheme %q: http, https or h2c", way.Scheme)
	}
	if service.PassHostHeader != nil {
		way.KeepHost = *service.PassHostHeader
	}
	if way.Plain, way.Secure, err = router.entries(); err != nil {
		return paas.Neighbour{}, err
	}
	for _, middleware := range router.Middlewares {
		steps, err := c.steps(middleware, 0)
		if err != nil {
			return paas.Neighbour{}, err
		}
		way.Steps = append(way.Steps, steps...)
	}
	return way, nil
}

// serviceOf is the one that a router names, or the only one of its container.
func (c *configuration) serviceOf(router routed) (served, error) {
	name := local(router.Service)
	if name == "" {
		if len(router.services) != 1 {
			return served{}, fmt.Errorf("its container has services %s: a label says which", strings.Join(router.services, ", "))
		}
		name = router.services[0]
	}
	service, known := c.services[name]
	if !known {
		return served{}, fmt.Errorf("there is no service %s", name)
	}
	if len(service.targets) == 0 {
		return served{}, fmt.Errorf("the port of service %s is not known: a label traefik.http.services.%s.loadbalancer.server.port is missing", name, name)
	}
	return service, nil
}

// entries tells on which listeners a router takes requests: all, unless it says which. One with TLS takes
// only those over TLS.
func (r Router) entries() (plain, secure bool, err error) {
	for _, entry := range r.EntryPoints {
		switch entry {
		case EntryPlain:
			plain = true
		case EntrySecure:
			secure = true
		default:
			return false, false, fmt.Errorf("there is no entry point %s: %s and %s", entry, EntryPlain, EntrySecure)
		}
	}
	if len(r.EntryPoints) == 0 {
		plain, secure = true, true
	}
	if r.TLS != nil {
		plain, secure = false, true
	}
	return plain, secure, nil
}

// steps are those of a middleware, by name.
func (c *configuration) steps(name string, depth int) ([]paas.Step, error) {
	name = local(name)
	if why, is := c.broken[name]; is {
		return nil, fmt.Errorf("middleware %s: %s", name, why)
	}
	middleware, known := c.middlewares[name]
	if !known {
		return nil, fmt.Errorf("there is no middleware %s", name)
	}
	if depth > maxChain {
		return nil, fmt.Errorf("middleware %s: chains nest more than %d deep", name, maxChain)
	}
	steps, err := middleware.steps(c.steps, depth)
	if err != nil {
		return nil, fmt.Errorf("middleware %s: %w", name, err)
	}
	return steps, nil
}

// local is a name without @docker, which names this very provider.
func local(name string) string { return strings.TrimSuffix(name, "@docker") }
