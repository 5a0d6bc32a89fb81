package deployer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/traefik/paerser/parser"

	"github.com/paastech-cloud/paastech/deployer/traefik"
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

// encode writes the labels of a container.
func (l labels) encode() (map[string]string, error) {
	own, err := parser.Encode(ownLabels{l.Instance, l.Project, l.Deployment, l.Process, l.Index, l.OneOff}, "paastech")
	if err != nil {
		return nil, fmt.Errorf("encode labels: %w", err)
	}
	encoded, err := l.routes().Encode()
	if err != nil {
		return nil, err
	}
	for key, value := range own {
		encoded[strings.ToLower(key)] = value
	}
	return encoded, nil
}

// routes are none of a container that takes no traffic.
func (l labels) routes() traefik.Labels {
	if l.Hostname == "" {
		return traefik.Labels{}
	}
	entry := traefik.EntryPlain
	if l.Secure {
		entry = traefik.EntrySecure
	}
	return traefik.Labels{Enable: true, HTTP: traefik.HTTP{
		Routers:  map[string]traefik.Router{l.Project: {EntryPoints: []string{entry}, Rule: fmt.Sprintf("Host(`%s`)", l.Hostname)}},
		Services: map[string]traefik.Service{l.Project: {LoadBalancer: traefik.LoadBalancer{Server: traefik.Server{Port: l.Port}}}},
	}}
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
	routes, _, err := traefik.Decode(pick(found, "traefik.enable", router+".entrypoints", router+".rule", port))
	if err != nil {
		return labels{}, err
	}
	l.Port = routes.HTTP.Services[l.Project].LoadBalancer.Server.Port
	l.Secure = slices.Contains(routes.HTTP.Routers[l.Project].EntryPoints, traefik.EntrySecure)
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

// ruleHost is the hostname of the rule that routes writes; empty for others.
func ruleHost(text string) paas.Hostname {
	rule, err := traefik.ParseRule(text)
	if err != nil {
		return ""
	}
	host, _ := rule.(paas.HostIs)
	return paas.Hostname(host)
}
