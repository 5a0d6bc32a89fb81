package deployer

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// resolverFiles are where Docker, too, looks for the host's DNS servers: the second holds those
// behind systemd's local one.
func resolverFiles() []string {
	return []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}
}

// hostResolvers reads the IPv4 addresses of the host's DNS servers that a container could ask.
func hostResolvers(files []string) []netip.Addr {
	var found []netip.Addr
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // the second exists on some hosts only; without any, Docker asks public ones
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) < 2 || fields[0] != "nameserver" {
				continue
			}
			if address, err := netip.ParseAddr(fields[1]); err == nil && address.Is4() && !address.IsLoopback() && !slices.Contains(found, address) {
				found = append(found, address)
			}
		}
	}
	return found
}

// hostPrefixes are the IPv4 networks that this host has addresses in or routes to.
func hostPrefixes() ([]netip.Prefix, error) {
	addresses, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("list the host's addresses: %w", err)
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("list the host's routes: %w", err)
	}
	var prefixes []netip.Prefix
	for _, address := range addresses {
		prefixes = appendPrefix(prefixes, address.IPNet)
	}
	for _, route := range routes {
		prefixes = appendPrefix(prefixes, route.Dst)
	}
	return prefixes, nil
}

// appendPrefix leaves out what is nothing or everything: the default route leads everywhere.
func appendPrefix(prefixes []netip.Prefix, network *net.IPNet) []netip.Prefix {
	if network == nil {
		return prefixes
	}
	prefix, err := netip.ParsePrefix(network.String())
	if err != nil || prefix.Bits() == 0 {
		return prefixes
	}
	return append(prefixes, prefix.Masked())
}

// defaultRoutes are the routes by which this host reaches everything.
func defaultRoutes() []netlink.Route {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil // a host without a network still runs applications
	}
	return slices.DeleteFunc(routes, func(route netlink.Route) bool {
		return route.Dst != nil && !route.Dst.IP.IsUnspecified()
	})
}

// hostGateways are the routers that this host's default routes lead to.
func hostGateways() []netip.Addr {
	var gateways []netip.Addr
	for _, route := range defaultRoutes() {
		if gateway, ok := netip.AddrFromSlice(route.Gw.To4()); ok {
			gateways = append(gateways, gateway)
		}
	}
	return gateways
}

// uplinkMTU is the packet size of the way out, which is smaller than Docker's 1500 on many clouds;
// 0 when it is not known.
func uplinkMTU() int {
	for _, route := range defaultRoutes() {
		if link, err := netlink.LinkByIndex(route.LinkIndex); err == nil {
			return link.Attrs().MTU
		}
	}
	return 0
}
