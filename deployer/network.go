package deployer

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	projectBits   = 28 // room for 13 containers, so that a default pool carries 4096 projects
	buildBits     = 24
	subnetTries   = 20 // another daemon on this engine may take the subnet that was chosen
	subnetPause   = 100 * time.Millisecond
	bridgeNameKey = "com.docker.network.bridge.name"
	purposeBuild  = "build"
	purposeApps   = "applications"
)

// networkPlan is a network to make.
type networkPlan struct {
	name    string
	bits    int
	project paas.ProjectID // empty for the build network
	purpose string
}

// BuildNetwork returns the network that build containers live in, making it when it is not there.
// Containers in it reach neither each other nor anything of the host but the local registry.
func (e *Engine) BuildNetwork(ctx context.Context) (paas.BuildNetwork, error) {
	plan := networkPlan{name: "paastech-" + shortInstance(e.options.Instance) + "-build", bits: max(buildBits, e.options.Pool.Bits()), purpose: purposeBuild}
	if err := e.ensureNetwork(ctx, plan); err != nil {
		return paas.BuildNetwork{}, err
	}
	found, err := e.network(ctx, plan.name)
	if err != nil {
		return paas.BuildNetwork{}, err
	}
	if len(found.IPAM.Config) == 0 {
		return paas.BuildNetwork{}, fmt.Errorf("network %s has no addresses", plan.name)
	}
	subnet, err := netip.ParsePrefix(found.IPAM.Config[0].Subnet)
	gateway, gatewayErr := netip.ParseAddr(found.IPAM.Config[0].Gateway)
	if err := errors.Join(err, gatewayErr); err != nil {
		return paas.BuildNetwork{}, fmt.Errorf("read the addresses of network %s: %w", plan.name, err)
	}
	return paas.BuildNetwork{Name: plan.name, Gateway: gateway, Subnet: subnet}, nil
}

// ensureProjectNetwork makes the network of a project when it is not there.
func (e *Engine) ensureProjectNetwork(ctx context.Context, project paas.ProjectID) error {
	name := projectNetwork(e.options.Instance, project)
	return e.ensureNetwork(ctx, networkPlan{name: name, bits: projectBits, project: project, purpose: purposeApps})
}

// ensureNetwork makes a network and lets its containers talk to each other. The packet filter is
// closed around it from its first moment, because it matches the names of our bridges.
func (e *Engine) ensureNetwork(ctx context.Context, plan networkPlan) error {
	_, err := e.network(ctx, plan.name)
	if !paas.IsKind(err, paas.NotFound) {
		return err
	}
	if err := e.createNetwork(ctx, plan); err != nil {
		return err
	}
	return e.assertFilter(ctx)
}

// createNetwork chooses a free subnet and takes it.
func (e *Engine) createNetwork(ctx context.Context, plan networkPlan) error {
	e.allocation.Lock()
	defer e.allocation.Unlock()
	var last error
	for range subnetTries {
		subnet, err := e.freeSubnet(ctx, plan.bits)
		if err != nil {
			return err
		}
		bounded, cancel := e.within(ctx)
		_, last = e.docker.NetworkCreate(bounded, plan.name, networkConfig(plan, subnet, e.options.Instance))
		err = translate(bounded, "create network", last)
		cancel()
		switch {
		case err == nil || errdefs.IsConflict(last): // made by an earlier call whose answer was lost
			return nil
		case !taken(last):
			return err
		}
		// The engine holds a subnet while it makes a network, and lists that only when it is made.
		select {
		case <-time.After(subnetPause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return fmt.Errorf("find a subnet of %s that nobody takes first: %w", e.options.Pool, last)
}

// taken tells whether Docker refused a subnet because somebody was faster.
func taken(err error) bool {
	return strings.Contains(err.Error(), "overlaps with other one") || strings.Contains(err.Error(), "conflicts with network")
}

// networkConfig maps a network of ours to Docker's words.
func networkConfig(plan networkPlan, subnet netip.Prefix, instance string) network.CreateOptions {
	options := network.CreateOptions{
		Driver: "bridge",
		IPAM: &network.IPAM{Driver: "default", Config: []network.IPAMConfig{{
			Subnet:  subnet.String(),
			Gateway: subnet.Addr().Next().String(),
		}}},
		Options: map[string]string{bridgeNameKey: bridgeName(instance, subnet)},
		Labels:  map[string]string{labelInstance: instance, labelNetwork: plan.purpose},
	}
	if mtu := uplinkMTU(); mtu > 0 {
		options.Options["com.docker.network.driver.mtu"] = strconv.Itoa(mtu)
	}
	if plan.purpose == purposeBuild {
		options.Options["com.docker.network.bridge.enable_icc"] = "false"
	} else {
		options.Labels[labelProject] = string(plan.project)
	}
	return options
}

func (e *Engine) removeNetwork(ctx context.Context, name string) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	return unlessGone(translate(ctx, "remove network", e.docker.NetworkRemove(ctx, name)))
}

func (e *Engine) network(ctx context.Context, name string) (network.Inspect, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.NetworkInspect(ctx, name, network.InspectOptions{})
	return found, translate(ctx, "inspect network", err)
}

func (e *Engine) networks(ctx context.Context, which filters.Args) ([]network.Summary, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.NetworkList(ctx, network.ListOptions{Filters: which})
	return found, translate(ctx, "list networks", err)
}

func projectNetwork(instance string, project paas.ProjectID) string {
	return fmt.Sprintf("paastech-%s-%s", shortInstance(instance), project)
}

// shortInstance is the part of an instance's name that fits into the name of a bridge.
func shortInstance(instance string) string {
	sum := sha256.Sum256([]byte(instance))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:5]
}

// bridgePrefix is how the names of all bridges of an instance, and of no other, begin.
func bridgePrefix(instance string) string { return "pt" + shortInstance(instance) }

// bridgeName is 15 characters, all that Linux allows, and names one subnet of the whole host.
func bridgeName(instance string, subnet netip.Prefix) string {
	start := subnet.Addr().As4()
	return bridgePrefix(instance) + hex.EncodeToString(start[:])
}
