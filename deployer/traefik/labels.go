// Package traefik reads and writes labels in Traefik's words
// (https://doc.traefik.io/traefik/routing/providers/docker/): those that the platform puts on its own
// containers, so that a Traefik beside it could route as it does, and those of containers that a person
// runs beside, so that the platform can route as a Traefik would.
package traefik

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/traefik/paerser/parser"
)

// root is what all labels are below.
const root = "traefik"

// Labels are those of one container.
type Labels struct {
	Enable bool
	Docker Docker
	HTTP   HTTP
}

// Docker says how a container is reached.
type Docker struct{ Network string }

// HTTP is the dynamic configuration of HTTP.
type HTTP struct {
	Routers     map[string]Router
	Services    map[string]Service
	Middlewares map[string]Middleware
}

// Router leads the requests that a rule means to a service.
type Router struct {
	EntryPoints []string
	Rule        string
	Service     string
	Middlewares []string
	Priority    int
	TLS         *RouterTLS `label:"allowEmpty"`
}

// RouterTLS makes a router one for TLS only. Where certificates come from is the platform's to say.
type RouterTLS struct{ CertResolver, Options string }

// Service is a set of servers, of which each container is one.
type Service struct{ LoadBalancer LoadBalancer }

// LoadBalancer spreads requests over servers.
type LoadBalancer struct {
	Server         Server
	PassHostHeader *bool
}

// Server is one of a service's.
type Server struct {
	Port   int
	Scheme string
}

// Encode writes labels; keys are in lower case, and what is empty is not written.
func (l Labels) Encode() (map[string]string, error) {
	encoded, err := parser.Encode(l, root)
	if err != nil {
		return nil, fmt.Errorf("encode routing labels: %w", err)
	}
	lower := map[string]string{}
	for key, value := range encoded {
		if value != "" {
			lower[strings.ToLower(key)] = value
		}
	}
	return lower, nil
}

// Decode reads the labels of a container; others than Traefik's are not looked at. Those that mean nothing
// here are returned apart, sorted.
func Decode(found map[string]string) (labels Labels, unknown []string, err error) {
	understood := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		path := strings.Split(key, ".")
		if !strings.EqualFold(path[0], root) {
			continue
		}
		if !known(reflect.TypeFor[Labels](), path[1:]) {
			unknown = append(unknown, key)
			continue
		}
		path[0] = root
		understood[strings.Join(path, ".")] = found[key]
	}
	if len(understood) == 0 {
		return labels, unknown, nil
	}
	if err := parser.Decode(understood, &labels, root); err != nil {
		return Labels{}, unknown, fmt.Errorf("decode routing labels: %w", err)
	}
	return labels, unknown, nil
}

// known tells whether a label's path leads to something that a type has.
func known(in reflect.Type, path []string) bool {
	for ; len(path) > 0; path = path[1:] {
		for in.Kind() == reflect.Pointer {
			in = in.Elem()
		}
		if path[0] == "" || strings.ContainsAny(path[0], "[]") {
			return false
		}
		switch in.Kind() {
		case reflect.Struct:
			field, found := in.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, path[0]) })
			if !found {
				return false
			}
			in = field.Type
		case reflect.Map:
			in = in.Elem()
		default:
			return false
		}
	}
	return true
}
