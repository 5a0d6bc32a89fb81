package deployer

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// filterState is what became of the packet filter since it was set.
type filterState int

const (
	filterAsSet filterState = iota
	filterGone
	filterChanged
)

// name is how the nft command calls the table.
func (f *filter) name() string { return "inet " + f.table().Name }

// compare tells whether the kernel still has what it said it had after the filter was set last.
func (f *filter) compare() (filterState, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	found, there, err := f.read()
	switch {
	case err != nil:
		return filterAsSet, refusedByKernel(err)
	case !there:
		return filterGone, nil
	case !bytes.Equal(found, f.asSet):
		return filterChanged, nil
	}
	return filterAsSet, nil
}

// read sums up all chains, rules and sets of the table as the kernel tells them.
func (f *filter) read() (sum []byte, there bool, err error) {
	kernel, err := nftables.New()
	if err != nil {
		return nil, false, err
	}
	tables, err := kernel.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return nil, false, err
	}
	at := slices.IndexFunc(tables, func(t *nftables.Table) bool { return t.Name == f.table().Name })
	if at < 0 {
		return nil, false, nil
	}
	lines, err := readChains(kernel, tables[at])
	if err != nil {
		return nil, true, err
	}
	sets, err := readSets(kernel, tables[at])
	if err != nil {
		return nil, true, err
	}
	lines = append(lines, sets...)
	sort.Strings(lines)
	whole := sha256.Sum256(fmt.Appendf(nil, "%d %q", tables[at].Flags, lines))
	return whole[:], true, nil
}

func readChains(kernel *nftables.Conn, table *nftables.Table) (lines []string, err error) {
	chains, err := kernel.ListChainsOfTableFamily(nftables.TableFamilyINet)
	if err != nil {
		return nil, err
	}
	for _, chain := range chains {
		if chain.Table.Name != table.Name {
			continue
		}
		text := fmt.Sprintf("chain %s %s", chain.Name, hookWords(chain))
		rules, err := kernel.GetRules(table, chain)
		if err != nil {
			return nil, err
		}
		for _, rule := range rules {
			for _, one := range rule.Exprs {
				written, err := expr.Marshal(byte(nftables.TableFamilyINet), one)
				if err != nil {
					return nil, err
				}
				text += fmt.Sprintf(" %x", written)
			}
			text += ";"
		}
		lines = append(lines, text)
	}
	return lines, nil
}

// hookWords says where packets enter a chain; those that are only jumped to have no hook.
func hookWords(chain *nftables.Chain) string {
	if chain.Hooknum == nil || chain.Priority == nil || chain.Policy == nil {
		return string(chain.Type)
	}
	return fmt.Sprintf("%s %d %d %d", chain.Type, *chain.Hooknum, *chain.Priority, *chain.Policy)
}

func readSets(kernel *nftables.Conn, table *nftables.Table) (lines []string, err error) {
	sets, err := kernel.GetSets(table)
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		elements, err := kernel.GetSetElements(set)
		if err != nil {
			return nil, err
		}
		for _, element := range elements {
			lines = append(lines, fmt.Sprintf("set %s %x", set.Name, element.Key))
		}
	}
	return lines, nil
}
