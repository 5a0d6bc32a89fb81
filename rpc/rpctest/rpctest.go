// Package rpctest puts modules behind mutual TLS, for the tests of those who use them.
package rpctest

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc"
)

// Instance is the installation of all that is made here.
const Instance = "0123456789ab"

// Engine is an engine behind the wire, for as long as a test runs.
func Engine(t testing.TB, engine paas.Engine) *rpc.RemoteEngine {
	t.Helper()
	dir := t.TempDir()
	address := Serve(t, dir, rpc.Deployer, func(offer rpc.Offer) *rpc.Server {
		return rpc.OfferEngine(Supplied{engine}, "localhost", offer)
	})
	remote, err := rpc.OpenEngine(t.Context(), Hub(t, dir, address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remote.Close() })
	if err := remote.UseRegistry(t.Context(), "127.0.0.1:5000", paas.RegistryPass{}); err != nil {
		t.Fatal(err)
	}
	return remote
}

// Repositories are repositories behind the wire, for as long as a test runs.
func Repositories(t testing.TB, repositories paas.Repositories) *rpc.RemoteRepositories {
	t.Helper()
	dir := t.TempDir()
	address := Serve(t, dir, rpc.Repositories, func(offer rpc.Offer) *rpc.Server { return rpc.OfferRepositories(repositories, offer) })
	remote, err := rpc.OpenRepositories(t.Context(), Hub(t, dir, address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remote.Close() })
	return remote
}

// Serve runs a module's server with credentials from dir until the test ends, and returns its address.
func Serve(t testing.TB, dir string, module rpc.Module, offer func(rpc.Offer) *rpc.Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := offer(rpc.Offer{Listener: listener, Credentials: Credentials(t, dir, module), Instance: Instance})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "grpc://" + server.Addr().String()
}

// Hub is who asks a module at an address, with credentials from dir.
func Hub(t testing.TB, dir, address string) rpc.Remote {
	t.Helper()
	return rpc.Remote{Address: address, Credentials: Credentials(t, dir, rpc.Hub), Instance: Instance}
}

// Credentials are a module's, from dir.
func Credentials(t testing.TB, dir string, module rpc.Module) *rpc.Credentials {
	t.Helper()
	opened, err := rpc.OpenCredentials(dir, module)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// Supplied makes an engine of the hub's one of the daemon's, which needs no registry.
type Supplied struct{ paas.Engine }

// BuildNetwork is somewhere.
func (Supplied) BuildNetwork(context.Context) (paas.BuildNetwork, error) {
	return paas.BuildNetwork{Name: "builds", Gateway: netip.MustParseAddr("10.214.0.1"), Subnet: netip.MustParsePrefix("10.214.0.0/24")}, nil
}

// UseRegistry takes any.
func (Supplied) UseRegistry(context.Context, string, paas.RegistryPass) error { return nil }

// Directory is nowhere on this host.
func (Supplied) Directory(context.Context) (string, error) { return "", nil }
