package deployer

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/paastech-cloud/paastech/deployer/traefik"
	"github.com/paastech-cloud/paastech/paas"
)

// enableLabel is what a person's container must carry.
const enableLabel = "traefik.enable"

// Neighbours reads the labels of running containers on the opt-in network that are no platform's.
func (e *Engine) Neighbours(ctx context.Context) ([]paas.Neighbour, []string, error) {
	if e.options.Neighbours == "" {
		return nil, nil, nil
	}
	which := filters.NewArgs(filters.Arg("network", e.options.Neighbours), filters.Arg("status", "running"), filters.Arg("label", enableLabel))
	asked, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.ContainerList(asked, container.ListOptions{Filters: which})
	if err != nil {
		return nil, nil, translate(ctx, "list labelled containers", err)
	}
	var containers []traefik.Container
	for _, one := range found {
		if _, platforms := one.Labels[labelInstance]; platforms {
			continue
		}
		if beside, reachable := e.neighbour(one); reachable {
			containers = append(containers, beside)
		}
	}
	slices.SortFunc(containers, func(a, b traefik.Container) int { return strings.Compare(a.Name, b.Name) })
	ways, troubles := traefik.Routes(containers)
	sentences := make([]string, len(troubles))
	for i, trouble := range troubles {
		sentences[i] = fmt.Sprintf("container %s: %s", trouble.Container, trouble.Message)
	}
	return ways, sentences, nil
}

// neighbour is a container as its labels are read; false when it has no address on the network.
func (e *Engine) neighbour(found container.Summary) (traefik.Container, bool) {
	beside := traefik.Container{Name: found.ID[:12], Labels: found.Labels}
	if len(found.Names) > 0 {
		beside.Name = strings.TrimPrefix(found.Names[0], "/")
	}
	if found.NetworkSettings == nil || found.NetworkSettings.Networks[e.options.Neighbours] == nil {
		return beside, false
	}
	address, err := netip.ParseAddr(found.NetworkSettings.Networks[e.options.Neighbours].IPAddress)
	beside.Address = address
	for _, port := range found.Ports {
		if port.Type == "tcp" {
			beside.Ports = append(beside.Ports, int(port.PrivatePort))
		}
	}
	return beside, err == nil
}

// aboutNeighbours are the events of containers that may be neighbours; ours are told elsewhere.
func aboutNeighbours() filters.Args {
	which := filters.NewArgs(filters.Arg("label", enableLabel), filters.Arg("type", string(events.ContainerEventType)))
	for _, action := range []events.Action{events.ActionStart, events.ActionDie, events.ActionRename} {
		which.Add("event", string(action))
	}
	return which
}
