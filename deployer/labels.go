package deployer

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/traefik/paerser/parser"

	"github.com/paastech-cloud/paastech/paas"
)

// Labels that Docker is asked to filter by.
const (
	labelInstance   = "paastech.instance"
	labelProject    = "paastech.project"
	labelDeployment = "paastech.deployment"
	labelProcess    = "paastech.process"
	labelIndex      = "paastech.index"
	labelOneOff     = "paastech.oneoff"
	labelNetwork    = "paastech.network" // on networks: what it is for
)

// labels are what a container says about itself.
type labels struct {
	Instance   string
	Project    string
	Deployment int
	Process    string
	Index      int
	OneOff     bool
	Port       int
	Hostname   paas.Hostname // empty: it takes no traffic, and its port is not told
	Secure     bool
}

// ownLabels are the labels below paastech.
type ownLabels struct {
	Instance   string
	Project    string
	Deployment int
	Process    string
	Index      int
	OneOff     bool
}

// routeLabels are the labels below traefik, so that a Traefik beside us could route as we do.
type routeLabels struct {
	Enable bool
	HTTP   struct {
		Routers  map[string]router
		Services map[string]service
	}
}

type router struct {
	EntryPoints string
	Rule        string
}

type service struct {
	LoadBalancer struct {
		Server struct{ Port int }
	}
}

// encode writes the labels of a container.
func (l labels) encode() (map[string]string, error) {
	own, err := parser.Encode(ownLabels{l.Instance, l.Project, l.Deployment, l.Process, l.Index, l.OneOff}, "paastech")
	if err != nil {
		return nil, fmt.Errorf("encode labels: %w", err)
	}
	routes, err := parser.Encode(l.routes(), "traefik")
	if err != nil {
		return nil, fmt.Errorf("encode routing labels: %w", err)
	}
	maps.Copy(own, routes)
	encoded := make(map[string]string, len(own))
	for key, value := range own {
		if value == "" {
			continue // of the routes that there are none of
		}
		encoded[strings.ToLower(key)] = value
	}
	return encoded, nil
}

// routes are none of a container that takes no traffic.
func (l labels) routes() routeLabels {
	if l.Hostname == "" {
		return routeLabels{}
	}
	entry := "web"
	if l.Secure {
		entry = "websecure"
	}
	var target service
	target.LoadBalancer.Server.Port = l.Port
	routes := routeLabels{Enable: true}
	routes.HTTP.Routers = map[string]router{l.Project: {EntryPoints: entry, Rule: fmt.Sprintf("Host(`%s`)", l.Hostname)}}
	routes.HTTP.Services = map[string]service{l.Project: target}
	return routes
}

// decodeLabels reads what encode wrote. Other labels, which an image may carry, are not looked at.
func decodeLabels(found map[string]string) (labels, error) {
	own := ownLabels{Index: 1} // containers from before there were several do not say
	if err := parser.Decode(pick(found, labelInstance, labelProject, labelDeployment, labelProcess, labelIndex, labelOneOff), &own, "paastech"); err != nil {
		return labels{}, fmt.Errorf("decode labels: %w", err)
	}
	l := labels{Instance: own.Instance, Project: own.Project, Deployment: own.Deployment, Process: own.Process, Index: own.Index, OneOff: own.OneOff}
	router := "traefik.http.routers." + l.Project
	port := "traefik.http.services." + l.Project + ".loadbalancer.server.port"
	var routes routeLabels
	if err := parser.Decode(pick(found, "traefik.enable", router+".entrypoints", router+".rule", port), &routes, "traefik"); err != nil {
		return labels{}, fmt.Errorf("decode routing labels: %w", err)
	}
	l.Port = routes.HTTP.Services[l.Project].LoadBalancer.Server.Port
	l.Secure = routes.HTTP.Routers[l.Project].EntryPoints == "websecure"
	l.Hostname = ruleHost(routes.HTTP.Routers[l.Project].Rule)
	return l, nil
}

func pick(from map[string]string, keys ...string) map[string]string {
	picked := map[string]string{}
	for _, key := range keys {
		if value, ok := from[key]; ok {
			picked[key] = value
		}
	}
	return picked
}

var hostRule = regexp.MustCompile("^Host\\(`([^`]+)`\\)$")

func ruleHost(rule string) paas.Hostname {
	match := hostRule.FindStringSubmatch(rule)
	if match == nil {
		return ""
	}
	return paas.Hostname(match[1])
}
