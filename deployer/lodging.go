package deployer

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/docker/docker/api/types/network"

	"github.com/paastech-cloud/paastech/paas"
)

// initialProcesses is the namespace of a host's own processes (PROC_PID_INIT_INO of linux/proc_ns.h).
const initialProcesses = "pid:[4026531836]"

// checkLodging looks where the daemon itself runs, which may be a container: without the host's network it can do
// nothing, and without its processes it knows less.
func (e *Engine) checkLodging(ctx context.Context) error {
	if !e.inHostNetwork(ctx) {
		return paas.Errorf(paas.Unavailable, paas.EHostLacks, "This daemon is not in the network of the host that Docker runs on: it could neither reach applications nor keep them apart. Run it there (docker run --network host; in compose, network_mode: host).")
	}
	if found, err := os.Readlink("/proc/self/ns/pid"); err == nil && found != initialProcesses {
		e.options.Logger.WarnContext(ctx, "the look at what an application listens at, when it does not answer, is off, and so is the end of what a command that was left has started: this daemon does not see the host's processes (docker run --pid host; in compose, pid: host)")
	}
	return nil
}

// inHostNetwork tells whether the address that the host has in Docker's usual network is one of this daemon's. A
// Docker without that network tells nothing.
func (e *Engine) inHostNetwork(ctx context.Context) bool {
	ctx, cancel := e.within(ctx)
	defer cancel()
	usual, err := e.docker.NetworkInspect(ctx, network.NetworkBridge, network.InspectOptions{})
	if err != nil {
		return true
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	known := false
	for _, each := range usual.IPAM.Config {
		gateway, err := netip.ParseAddr(each.Gateway)
		if err != nil {
			continue
		}
		known = true
		if slices.ContainsFunc(own, func(a net.Addr) bool {
			prefix, err := netip.ParsePrefix(a.String())
			return err == nil && prefix.Addr() == gateway
		}) {
			return true
		}
	}
	return !known
}
