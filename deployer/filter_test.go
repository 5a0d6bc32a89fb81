package deployer

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/google/nftables"
	"github.com/vishvananda/netlink"

	"github.com/paastech-cloud/paastech/paas"
)

// listen accepts connections at an address of this host until the test ends.
func listen(t *testing.T, address netip.Addr) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", netip.AddrPortFrom(address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return netip.MustParseAddrPort(listener.Addr().String())
}

// bridgeAddress is this host's address in Docker's default network: one of its own addresses that no
// network of ours leads to.
func bridgeAddress(t *testing.T) netip.Addr {
	t.Helper()
	link, err := netlink.LinkByName("docker0")
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil || len(addresses) == 0 {
		t.Fatal(addresses, err)
	}
	address, _ := netip.AddrFromSlice(addresses[0].IP.To4())
	return address
}

func gatewayOf(t *testing.T, e *Engine, project paas.ProjectID) netip.Addr {
	t.Helper()
	found, err := e.network(t.Context(), projectNetwork(e.options.Instance, project))
	if err != nil {
		t.Fatal(err)
	}
	return netip.MustParseAddr(found.IPAM.Config[0].Gateway)
}

// T31: what an application may not reach, and what it may.
func TestApplicationsAreApart(t *testing.T) {
	t.Parallel()
	other := newEngine(t)
	host := bridgeAddress(t)
	ingress, daemon := listen(t, host), listen(t, host)
	loopback := listen(t, netip.MustParseAddr("127.0.0.1"))
	e := newEngine(t, func(o *Options) { o.IngressPorts = []int{int(ingress.Port())} })
	s := spec()
	app, sibling := run(t, e, s), run(t, e, s)
	neighbour, foreign := run(t, e, spec()), run(t, other, spec())
	ownGateway := listen(t, gatewayOf(t, e, app.Project))

	closed := map[string]string{
		"another application":                 fmt.Sprintf("%s:8080", neighbour.Address),
		"another instance's application":      fmt.Sprintf("%s:8080", foreign.Address),
		"the neighbour's gateway":             fmt.Sprintf("%s:8080", gatewayOf(t, e, neighbour.Project)),
		"a port of the host":                  daemon.String(),
		"a port of the host at the gateway":   ownGateway.String(),
		"the host's loopback at the gateway":  fmt.Sprintf("%s:%d", ownGateway.Addr(), loopback.Port()),
		"the metadata service":                "169.254.169.254:80",
		"the private network":                 "10.1.2.3:80",
		"the carrier's network":               "100.64.0.1:80",
		"SSH of the host":                     fmt.Sprintf("%s:22", host),
		"a name server at another port":       resolverPort(t, 80),
		"the network of Docker's own default": fmt.Sprintf("%s:80", host.Next().Next()),
	}
	for _, gateway := range hostGateways() {
		closed["the router of the host"] = fmt.Sprintf("%s:80", gateway)
	}
	for what, address := range closed {
		if answer := ask(t, app, "/dial", "to", address); !strings.Contains(answer, "host") || strings.Contains(answer, "connected") {
			t.Errorf("%s (%s): %s; want it refused by the filter", what, address, answer)
		}
	}
	if answer := ask(t, app, "/dial", "to", fmt.Sprintf("127.0.0.1:%d", loopback.Port())); !strings.Contains(answer, "refused") {
		t.Errorf("the host's loopback: %s", answer)
	}
	if answer := ask(t, app, "/stat", "path", "/var/run/docker.sock"); !strings.Contains(answer, "no such file") {
		t.Errorf("docker.sock: %s", answer)
	}
	for what, address := range map[string]string{
		"a container of the same project": fmt.Sprintf("%s:8080", sibling.Address),
		"the same by its process's name":  "web:8080",
		"the ingress":                     ingress.String(),
		"a name server":                   resolverPort(t, 53),
	} {
		if answer := ask(t, app, "/dial", "to", address); answer != "connected" {
			t.Errorf("%s (%s): %s; want it open", what, address, answer)
		}
	}
	if answer := ask(t, app, "/lookup", "name", "deb.debian.org"); !strings.HasPrefix(answer, "found") {
		t.Errorf("look up a public name: %s", answer)
	}
	if answer := ask(t, app, "/dial", "to", "deb.debian.org:80"); answer != "connected" {
		t.Errorf("dial a public name: %s", answer)
	}
}

func resolverPort(t *testing.T, port int) string {
	t.Helper()
	resolvers := hostResolvers(resolverFiles())
	if len(resolvers) == 0 {
		t.Fatal("this host has no name server")
	}
	return fmt.Sprintf("%s:%d", resolvers[0], port)
}

func TestAllowedNetworksAreOpenButNotOtherProjects(t *testing.T) {
	everything := netip.MustParsePrefix("10.0.0.0/8")
	e := newEngine(t, func(o *Options) { o.Allow = []netip.Prefix{everything} })
	app, neighbour := run(t, e, spec()), run(t, e, spec())
	if answer := ask(t, app, "/dial", "to", fmt.Sprintf("%s:8080", neighbour.Address)); !strings.Contains(answer, "host") {
		t.Errorf("another application: %s", answer)
	}
	if answer := ask(t, app, "/dial", "to", "10.1.2.3:80"); strings.Contains(answer, "no route") {
		t.Errorf("an allowed network: %s; want any answer but the filter's", answer)
	}
}

// Builds reach the registry at the gateway, nothing else of the host, and not each other.
func TestBuildsReachTheRegistryOnly(t *testing.T) {
	t.Parallel()
	registry := listen(t, bridgeAddress(t)) // takes a free port for the listener below
	e := newEngine(t)
	builds, err := e.BuildNetwork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", netip.AddrPortFrom(builds.Gateway, registry.Port()).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	if err := e.UseRegistry(t.Context(), fmt.Sprintf("127.0.0.1:%d", registry.Port()), paas.RegistryPass{}); err != nil {
		t.Fatal(err)
	}
	daemon := listen(t, builds.Gateway)
	one, two := buildContainer(t, e, builds), buildContainer(t, e, builds)
	app := run(t, e, spec())
	for what, test := range map[string]struct {
		from    paas.Container
		address string
		open    bool
	}{
		"registry":                     {one, listener.Addr().String(), true},
		"public address":               {one, "deb.debian.org:80", true},
		"another port at the gateway":  {one, daemon.String(), false},
		"that port at another address": {one, registry.String(), false},
		"an application":               {one, fmt.Sprintf("%s:8080", app.Address), false},
		"another build":                {one, fmt.Sprintf("%s:8080", two.Address), false},
		"an application to registry":   {app, listener.Addr().String(), false},
		"an application to a build":    {app, fmt.Sprintf("%s:8080", two.Address), false},
	} {
		if answer := ask(t, test.from, "/dial", "to", test.address); (answer == "connected") != test.open {
			t.Errorf("%s (%s): %s", what, test.address, answer)
		}
	}
	if all, err := e.Containers(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("containers of builds are not applications: %v %v", all, err)
	}
}

// buildContainer stands in for a build: a container that the builder makes, not this package.
func buildContainer(t *testing.T, e *Engine, builds paas.BuildNetwork) paas.Container {
	t.Helper()
	made, err := e.docker.ContainerCreate(t.Context(),
		&container.Config{Image: string(images.plain), Env: []string{"PORT=8080"}, Labels: map[string]string{labelInstance: e.options.Instance}},
		&container.HostConfig{NetworkMode: container.NetworkMode(builds.Name)}, &network.NetworkingConfig{}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.docker.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	found, err := e.inspect(t.Context(), paas.ContainerID(made.ID))
	if err != nil {
		t.Fatal(err)
	}
	started := paas.Container{ID: paas.ContainerID(made.ID), Address: address(found), Port: 8080}
	eventually(t, "the build container listens", func() bool {
		connection, err := net.Dial("tcp", fmt.Sprintf("%s:8080", started.Address))
		return err == nil && connection.Close() == nil
	})
	return started
}

func TestFilterIsReplacedAndRemoved(t *testing.T) {
	e := newEngine(t)
	for range 3 {
		if err := e.assertFilter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if count := tablesOf(t, e); count != 1 {
		t.Errorf("%d tables", count)
	}
	for range 2 {
		if err := e.RemoveAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if count := tablesOf(t, e); count != 0 {
		t.Errorf("%d tables after their removal", count)
	}
}

func TestFilterCarriesThousandsOfNetworks(t *testing.T) {
	e := newEngine(t)
	var around surroundings
	subnet := netip.MustParsePrefix("10.214.0.0/28")
	for range 4096 {
		around.bridges = append(around.bridges, bridgeName(e.options.Instance, subnet))
		subnet, _ = after(subnet, subnet)
	}
	if err := e.filter.replace(around); err != nil {
		t.Fatal(err)
	}
	kernel, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	table := e.filter.table()
	set, err := kernel.GetSetByName(table, "same-bridge")
	if err != nil {
		t.Fatal(err)
	}
	if elements, err := kernel.GetSetElements(set); err != nil || len(elements) != 4096 {
		t.Errorf("%d elements, %v", len(elements), err)
	}
}

func tablesOf(t *testing.T, e *Engine) int {
	t.Helper()
	kernel, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	tables, err := kernel.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, table := range tables {
		if table.Name == e.filter.table().Name {
			count++
		}
	}
	return count
}
