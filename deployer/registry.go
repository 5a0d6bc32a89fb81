package deployer

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	dockerregistry "github.com/docker/docker/api/types/registry"

	"github.com/paastech-cloud/paastech/paas"
)

// registry is where images come from; the zero value is none.
type registry struct {
	address netip.AddrPort // on loopback, as Docker reaches it
	pass    paas.RegistryPass
}

// UseRegistry tells the engine the address and the pass that images are pulled with, and lets builds
// reach the port of that address at the gateway of their network. The registry needs BuildNetwork
// first, so this is not an option of New.
func (e *Engine) UseRegistry(ctx context.Context, address string, pass paas.RegistryPass) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read the registry's address: %w", err)
	}
	e.registry.Store(&registry{address: parsed, pass: pass})
	return e.assertFilter(ctx)
}

// credential is the pass for an image as Docker wants it; other registries do not get to see it.
func (r *registry) credential(ref paas.ImageRef) (string, error) {
	if r.pass.Username == "" || !strings.HasPrefix(string(ref), r.address.String()+"/") {
		return "", nil
	}
	encoded, err := dockerregistry.EncodeAuthConfig(dockerregistry.AuthConfig{
		Username: r.pass.Username,
		Password: r.pass.Password.Reveal(),
	})
	if err != nil {
		return "", fmt.Errorf("encode the registry's pass: %w", err)
	}
	return encoded, nil
}
