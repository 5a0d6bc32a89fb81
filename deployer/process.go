package deployer

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// process is the first process of a container, as the kernel of this host shows it.
type process struct {
	pid     int
	cgroups []byte // /proc/<pid>/cgroup
}

// processOf finds a container's first process. It is not found when this daemon does not see the
// host's processes; then the same number may be another's.
func processOf(container string, pid int) (process, bool) {
	cgroups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil || !bytes.Contains(cgroups, []byte(container)) {
		return process{}, false
	}
	return process{pid: pid, cgroups: cgroups}, true
}

// oomKilled tells whether the kernel killed any process of the container for its memory. Docker
// itself notices that only of some.
func (p process) oomKilled() bool { return p.oomKills() > 0 }

// oomKills counts these kills since the container's start.
func (p process) oomKills() int {
	content, err := os.ReadFile(oomFile(string(p.cgroups)))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(content)) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			count, _ := strconv.Atoi(text) // the kernel writes numbers
			return count
		}
	}
	return 0
}

// oomFile is where the kernel counts these kills: by the memory controller of cgroup v1 where there
// is one, else in the one tree of v2.
func oomFile(cgroups string) string {
	var unified string
	for line := range strings.Lines(cgroups) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		if slices.Contains(strings.Split(fields[1], ","), "memory") {
			return filepath.Join("/sys/fs/cgroup/memory", fields[2], "memory.oom_control")
		}
		if fields[0] == "0" {
			unified = filepath.Join("/sys/fs/cgroup", fields[2], "memory.events")
		}
	}
	return unified
}

// listeners are the TCP sockets that listen in the container, without Docker's own name server.
func (p process) listeners() []netip.AddrPort {
	var found []netip.AddrPort
	for _, table := range []string{"tcp", "tcp6"} {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", p.pid, table))
		if err != nil {
			continue
		}
		found = append(found, parseListeners(content)...)
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	return slices.Compact(found)
}

// parseListeners reads a table of sockets as /proc/net/tcp shows it.
func parseListeners(table []byte) []netip.AddrPort {
	const listening = "0A"
	dockerDNS := netip.AddrFrom4([4]byte{127, 0, 0, 11})
	var found []netip.AddrPort
	scanner := bufio.NewScanner(bytes.NewReader(table))
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 4 || fields[3] != listening {
			continue
		}
		if socket, ok := parseSocket(fields[1]); ok && socket.Addr() != dockerDNS {
			found = append(found, socket)
		}
	}
	return found
}

// parseSocket reads 0100007F:0BB8: an address in words of the processor's byte order (all that run
// Docker are little-endian), and a port.
func parseSocket(text string) (netip.AddrPort, bool) {
	addressText, portText, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(addressText)
	port, portErr := strconv.ParseUint(portText, 16, 16)
	if err != nil || portErr != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	address, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(address.Unmap(), uint16(port)), ok
}
