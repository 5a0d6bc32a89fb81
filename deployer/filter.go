package deployer

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/paas"
)

// filter is the instance's own table of the kernel's packet filter. Docker's rules are beside it: a
// packet has to pass both. It matches all bridges whose names begin as the instance's do, so a new
// network is closed before its first container starts.
type filter struct {
	options Options
	prefix  string

	mutex sync.Mutex // one change at a time
	asSet []byte     // guarded by mutex; the sum of what the kernel had after the last change
}

func newFilter(options Options) *filter {
	return &filter{options: options, prefix: bridgePrefix(options.Instance)}
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
	if f.asSet, _, err = f.read(); err != nil {
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
	const number = 1 // within this change; the library would count in a global variable
	set := &nftables.Set{Table: table, ID: number, Name: "same-bridge", KeyType: pair, Concatenation: true}
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
