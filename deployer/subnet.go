package deployer

import (
	"context"
	"encoding/binary"
	"net/netip"

	"github.com/docker/docker/api/types/filters"

	"github.com/paastech-cloud/paastech/paas"
)

// freeSubnet chooses a part of the pool that neither this host nor any network of Docker uses.
func (e *Engine) freeSubnet(ctx context.Context, bits int) (netip.Prefix, error) {
	used, err := hostPrefixes()
	if err != nil {
		return netip.Prefix{}, err
	}
	networks, err := e.networks(ctx, filters.NewArgs())
	if err != nil {
		return netip.Prefix{}, err
	}
	for _, network := range networks {
		for _, config := range network.IPAM.Config {
			if subnet, err := netip.ParsePrefix(config.Subnet); err == nil {
				used = append(used, subnet)
			}
		}
	}
	subnet, ok := chooseSubnet(e.options.Pool, bits, used)
	if !ok {
		return netip.Prefix{}, paas.Errorf(paas.Unavailable, paas.EUnavailable,
			"There is no free network left in network.pool (%s): this host's routes and Docker's networks use all of it. Set a larger pool, or another one.", e.options.Pool)
	}
	return subnet, nil
}

// chooseSubnet returns the first subnet of the pool with this many bits that overlaps with no used one.
func chooseSubnet(pool netip.Prefix, bits int, used []netip.Prefix) (netip.Prefix, bool) {
	for subnet := netip.PrefixFrom(pool.Addr(), bits); pool.Contains(subnet.Addr()); {
		blocking, blocked := overlapping(subnet, used)
		if !blocked {
			return subnet, true
		}
		next, ok := after(blocking, subnet)
		if !ok {
			break
		}
		subnet = next
	}
	return netip.Prefix{}, false
}

func overlapping(subnet netip.Prefix, used []netip.Prefix) (netip.Prefix, bool) {
	for _, one := range used {
		if one.Overlaps(subnet) {
			return one, true
		}
	}
	return netip.Prefix{}, false
}

// after is the first subnet of the same size behind both; false at the end of all addresses.
func after(blocking, subnet netip.Prefix) (netip.Prefix, bool) {
	larger := blocking.Masked()
	if subnet.Bits() < larger.Bits() {
		larger = subnet
	}
	start := larger.Addr().As4()
	next := uint64(binary.BigEndian.Uint32(start[:])) + 1<<(32-larger.Bits())
	if next > 1<<32-1 {
		return netip.Prefix{}, false
	}
	binary.BigEndian.PutUint32(start[:], uint32(next))
	return netip.PrefixFrom(netip.AddrFrom4(start), subnet.Bits()), true
}
