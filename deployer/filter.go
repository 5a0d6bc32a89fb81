package deployer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/paas"
)

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

// filter is the instance's own table of the kernel's packet filter. Docker's rules are beside it: a
// packet has to pass both. It matches all bridges whose names begin as the instance's do, so a new
// network is closed before its first container starts.
type filter struct {
	options Options
	prefix  string

	mutex sync.Mutex // one change at a time: the library counts sets in a global variable
}

func newFilter(options Options) *filter {
	return &filter{options: options, prefix: bridgePrefix(options.Instance)}
}

// surroundings are what the rules depend on and what changes while the daemon runs.
type surroundings struct {
	bridges     []string // of projects: containers on one talk to each other
	buildBridge string
	registry    netip.AddrPort // this host's address in the build network, with the registry's port
	resolvers   []netip.Addr
	gateways    []netip.Addr
}

func (f *filter) table() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyINet, Name: "paastech-" + shortInstance(f.options.Instance)}
}

// replace puts the whole table in place in one step, whatever was there.
func (f *filter) replace(around surroundings) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	kernel, err := nftables.New()
	if err != nil {
		return refusedByKernel(err)
	}
	table := f.table()
	kernel.AddTable(table)
	kernel.DelTable(table)
	kernel.AddTable(table)
	if err := f.addChains(kernel, table, around); err != nil {
		return err
	}
	if err := kernel.Flush(); err != nil {
		return refusedByKernel(err)
	}
	return nil
}

// remove takes the table away.
func (f *filter) remove() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	kernel, err := nftables.New()
	if err != nil {
		return refusedByKernel(err)
	}
	kernel.AddTable(f.table())
	kernel.DelTable(f.table())
	if err := kernel.Flush(); err != nil {
		return refusedByKernel(err)
	}
	return nil
}

func refusedByKernel(err error) error {
	advice := "The kernel needs nf_tables (CONFIG_NF_TABLES_INET, NFT_CT, NFT_REJECT_INET)."
	if errors.Is(err, unix.EPERM) {
		advice = "Run paastech as root, or give it CAP_NET_ADMIN."
	}
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The packet filter that keeps applications apart cannot be set. %s", advice).Because(err)
}

func (f *filter) addChains(kernel *nftables.Conn, table *nftables.Table, around surroundings) error {
	same, err := sameBridgeSet(kernel, table, around.bridges)
	if err != nil {
		return err
	}
	toHost := addChain(kernel, table, "to-host", f.toHost(around))
	outwards := addChain(kernel, table, "outwards", f.outwards(around, same))
	inwards := addChain(kernel, table, "inwards", []expressions{rule(replies(), accept()), refuse()})
	addHook(kernel, table, "input", nftables.ChainHookInput, []expressions{rule(from(f.prefix), toHost)})
	addHook(kernel, table, "forward", nftables.ChainHookForward, []expressions{
		rule(from(f.prefix), outwards),
		rule(to(f.prefix), inwards),
	})
	return nil
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

func addChain(kernel *nftables.Conn, table *nftables.Table, name string, rules []expressions) (toIt expressions) {
	chain := kernel.AddChain(&nftables.Chain{Table: table, Name: name})
	for _, one := range rules {
		kernel.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: one})
	}
	return jump(name)
}

func addHook(kernel *nftables.Conn, table *nftables.Table, name string, hook *nftables.ChainHook, rules []expressions) {
	policy := nftables.ChainPolicyAccept // for packets that are not ours
	chain := kernel.AddChain(&nftables.Chain{
		Table: table, Name: name, Type: nftables.ChainTypeFilter, Hooknum: hook,
		Priority: nftables.ChainPriorityFilter, Policy: &policy,
	})
	for _, one := range rules {
		kernel.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: one})
	}
}

// sameBridgeSet makes the set of ways that begin and end on one bridge; the kernel cannot compare
// two interfaces by itself. The returned expressions match by it.
func sameBridgeSet(kernel *nftables.Conn, table *nftables.Table, bridges []string) (expressions, error) {
	pair, err := nftables.ConcatSetType(nftables.TypeIFName, nftables.TypeIFName)
	if err != nil {
		return nil, fmt.Errorf("make the set of bridges: %w", err)
	}
	set := &nftables.Set{Table: table, Name: "same-bridge", KeyType: pair, Concatenation: true}
	if err := kernel.AddSet(set, nil); err != nil {
		return nil, fmt.Errorf("make the set of bridges: %w", err)
	}
	for chunk := range slices.Chunk(bridges, 500) { // one netlink attribute carries no more than 64 KiB
		var elements []nftables.SetElement
		for _, bridge := range chunk {
			elements = append(elements, nftables.SetElement{Key: append(deviceKey(bridge), deviceKey(bridge)...)})
		}
		if err := kernel.SetAddElements(set, elements); err != nil {
			return nil, fmt.Errorf("fill the set of bridges: %w", err)
		}
	}
	const second = 2 // register: the first takes 16 bytes, as a name does
	return expressions{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: 1},
		&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: second},
		&expr.Lookup{SourceRegister: 1, SetID: set.ID, SetName: set.Name},
	}, nil
}

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
