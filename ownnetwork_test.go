package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// networkVariable tells a test that it runs in a network of its own, and which.
const networkVariable = "OWN_NETWORK"

// inOwnNetwork is true in a network namespace of the test's own, from which the world is reached as from
// the host. Elsewhere it runs the same test again in one, to its end, and is false: nothing is left to do.
// A second Docker engine needs it: in the first one's network it removes its bridge and writes its rules.
func inOwnNetwork(t *testing.T) bool {
	t.Helper()
	if text := os.Getenv(networkVariable); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := ownNetwork(number).open(t.Context()); err != nil {
			t.Fatalf("open the test's network: %v", err)
		}
		return true
	}
	network, err := newOwnNetwork()
	if err != nil {
		t.Fatalf("make the test's network: %v", err)
	}
	t.Cleanup(func() {
		if err := network.remove(); err != nil {
			t.Errorf("remove the test's network: %v", err)
		}
	})
	if err := network.lead(); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.Command(program, testFlags(t)...)
	again.Env = append(os.Environ(), networkVariable+"="+strconv.Itoa(int(network)))
	again.Stdout, again.Stderr = t.Output(), t.Output()
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	if err := network.join(again.Process.Pid); err != nil {
		_ = again.Process.Kill()
		t.Errorf("join the test's network: %v", err)
	}
	if err := again.Wait(); err != nil {
		t.Errorf("in its own network the test failed: %v", err)
	}
	return false
}

// testFlags are those that run the same test once more, with what this run was told about time and files.
func testFlags(t *testing.T) []string {
	names := strings.Split(t.Name(), "/")
	for i, name := range names {
		names[i] = "^" + regexp.QuoteMeta(name) + "$"
	}
	flags := []string{"-test.run=" + strings.Join(names, "/"), "-test.v=true"}
	if deadline, is := t.Deadline(); is {
		const spare = 10 * time.Second // for the one that waits to tell the end
		flags = append(flags, "-test.timeout="+max(time.Until(deadline)-spare, time.Second).String())
	}
	flag.Visit(func(f *flag.Flag) {
		if slices.Contains([]string{"test.artifacts", "test.outputdir", "test.short"}, f.Name) {
			flags = append(flags, "-"+f.Name+"="+f.Value.String())
		}
	})
	return flags
}

// ownNetwork is a namespace's connection with the host: a pair of links and four addresses of the block
// that is kept for tests (RFC 2544: 198.18.0.0/15), told apart by a number.
type ownNetwork int

func (n ownNetwork) outside() string { return fmt.Sprintf("pttest%d", int(n)) }
func (n ownNetwork) inside() string  { return fmt.Sprintf("ptinside%d", int(n)) }
func (n ownNetwork) block() string   { return fmt.Sprintf("198.18.%d.0/30", int(n)) }
func (n ownNetwork) host() net.IP    { return net.IPv4(198, 18, byte(n), 1) }
func (n ownNetwork) guest() net.IP   { return net.IPv4(198, 18, byte(n), 2) }

// newOwnNetwork takes the first number that no other test has: a link's name is there once.
func newOwnNetwork() (ownNetwork, error) {
	for n := ownNetwork(0); n < 256; n++ {
		attributes := netlink.NewLinkAttrs()
		attributes.Name = n.outside()
		err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: n.inside()})
		if !errors.Is(err, os.ErrExist) {
			return n, err
		}
	}
	return 0, errors.New("all are taken")
}

// lead opens the host's end and leads what comes from it on. Docker's rules drop what nobody lets through.
func (n ownNetwork) lead() error {
	if err := n.up(n.outside(), n.host()); err != nil {
		return err
	}
	for _, rule := range n.rules() {
		if out, err := exec.Command("iptables", append([]string{"--wait", "--table", rule[0], "--insert"}, rule[1:]...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("iptables %v: %w: %s", rule, err, out)
		}
	}
	return nil
}

// rules are tables and what is inserted into them.
func (n ownNetwork) rules() [][]string {
	return [][]string{
		{"filter", "FORWARD", "-i", n.outside(), "-j", "ACCEPT"},
		{"filter", "FORWARD", "-o", n.outside(), "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"},
		{"nat", "POSTROUTING", "-s", n.block(), "!", "-o", n.outside(), "-j", "MASQUERADE"},
	}
}

// join gives the other end to the namespace of a process.
func (n ownNetwork) join(pid int) error {
	link, err := netlink.LinkByName(n.inside())
	if err != nil {
		return err
	}
	return netlink.LinkSetNsPid(link, pid)
}

// open waits for the namespace's end and makes it the way to everywhere.
func (n ownNetwork) open(ctx context.Context) error {
	for {
		_, err := netlink.LinkByName(n.inside())
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := n.up("lo", nil); err != nil {
		return err
	}
	if err := n.up(n.inside(), n.guest()); err != nil {
		return err
	}
	return netlink.RouteAdd(&netlink.Route{Gw: n.host()})
}

// up opens a link, with an address in the block.
func (n ownNetwork) up(name string, address net.IP) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if address != nil {
		if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: address, Mask: net.CIDRMask(30, 32)}}); err != nil {
			return err
		}
	}
	return netlink.LinkSetUp(link)
}

// remove takes everything back, also what was only begun.
func (n ownNetwork) remove() error {
	for _, rule := range n.rules() {
		_ = exec.Command("iptables", append([]string{"--wait", "--table", rule[0], "--delete"}, rule[1:]...)...).Run() // it may not be there
	}
	link, err := netlink.LinkByName(n.outside())
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil // the namespace is gone, and its end of the pair with it
	}
	if err != nil {
		return err
	}
	return netlink.LinkDel(link)
}
