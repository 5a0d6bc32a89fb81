package deployer

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// surroundings are what the rules depend on and what changes while the daemon runs.
type surroundings struct {
	bridges     []string // of projects: containers on one talk to each other
	buildBridge string
	registry    netip.AddrPort // this host's address in the build network, with the registry's port
	resolvers   []netip.Addr
	gateways    []netip.Addr
}

// closedNetworks are the addresses that are not of the public internet: private, shared, link-local
// (the clouds' metadata service), benchmark and multicast ones, and this host itself.
func closedNetworks() []netip.Prefix {
	var closed []netip.Prefix
	for _, network := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
	} {
		closed = append(closed, netip.MustParsePrefix(network))
	}
	return closed
}

// toHost are the rules for packets from our containers to this host itself.
func (f *filter) toHost(around surroundings) []expressions {
	rules := []expressions{rule(replies(), accept())}
	rules = append(rules, names(around.resolvers)...)
	for _, number := range f.options.IngressPorts {
		rules = append(rules, rule(port(unix.IPPROTO_TCP, uint16(number)), accept()))
	}
	if around.buildBridge != "" && around.registry.Port() > 0 {
		host := destination(single(around.registry.Addr()))
		rules = append(rules, rule(fromDevice(around.buildBridge), host, port(unix.IPPROTO_TCP, around.registry.Port()), accept()))
	}
	return append(rules, refuse())
}

// outwards are the rules for packets from our containers to anything else. The pool is closed before
// network.allow is looked at, so that no allowed network opens the other projects.
func (f *filter) outwards(around surroundings, same expressions) []expressions {
	rules := []expressions{
		rule(replies(), accept()),
		rule(same, accept()),
		rule(family(unix.NFPROTO_IPV6), refuse()), // our networks carry none
		rule(destination(f.options.Pool), refuse()),
	}
	rules = append(rules, names(around.resolvers)...)
	for _, allowed := range f.options.Allow {
		rules = append(rules, rule(destination(allowed), accept()))
	}
	for _, closed := range closedNetworks() {
		rules = append(rules, rule(destination(closed), refuse()))
	}
	for _, gateway := range around.gateways {
		rules = append(rules, rule(destination(single(gateway)), refuse()))
	}
	return append(rules, accept())
}

// names let questions through to DNS servers.
func names(resolvers []netip.Addr) []expressions {
	var rules []expressions
	for _, resolver := range resolvers {
		for _, protocol := range []byte{unix.IPPROTO_UDP, unix.IPPROTO_TCP} {
			rules = append(rules, rule(destination(single(resolver)), port(protocol, 53), accept()))
		}
	}
	return rules
}

func single(address netip.Addr) netip.Prefix { return netip.PrefixFrom(address, address.BitLen()) }
