package deployer

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// assertFilter makes the packet filter what it should be for the networks that there are.
func (e *Engine) assertFilter(ctx context.Context) error {
	networks, err := e.networks(ctx, e.ours())
	if err != nil {
		return err
	}
	around := surroundings{resolvers: e.options.Resolvers, gateways: hostGateways()}
	if len(around.resolvers) == 0 {
		around.resolvers = hostResolvers(resolverFiles())
	}
	for _, network := range networks {
		bridge := network.Options[bridgeNameKey]
		if network.Labels[labelNetwork] != purposeBuild {
			around.bridges = append(around.bridges, bridge)
			continue
		}
		around.buildBridge = bridge
		for _, config := range network.IPAM.Config {
			gateway, err := netip.ParseAddr(config.Gateway)
			if err != nil {
				return fmt.Errorf("read the gateway of network %s: %w", network.Name, err)
			}
			around.registry = netip.AddrPortFrom(gateway, e.registry.Load().address.Port())
		}
	}
	return e.filter.replace(around)
}

// keepFilter asserts the filter every minute, for somebody may have flushed it.
func (e *Engine) keepFilter(ctx context.Context) {
	ticker := time.NewTicker(assertEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := e.assertFilter(ctx); err != nil && ctx.Err() == nil {
				e.options.Logger.ErrorContext(ctx, "assert the packet filter", "error", err)
			}
		}
	}
}
