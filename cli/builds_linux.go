package cli

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/builder"
	"github.com/paastech-cloud/paastech/registry"
)

// openBuilds makes the network that builds live in, the registry that reaches it, and the builder.
func (s *server) openBuilds(ctx context.Context) error {
	network, err := s.engine.BuildNetwork(ctx)
	if err != nil {
		return err
	}
	s.registry, err = registry.New(ctx, registry.Options{
		Dir: s.data.file("registry"), Port: s.config.Registry.Port, Build: network.Gateway,
		Peers: []netip.Prefix{network.Subnet}, Log: s.log.With("part", "registry"),
	})
	if err != nil {
		return explainListen(err, map[string]string{fmt.Sprintf("port %d", s.config.Registry.Port): "registry.port"})
	}
	if err := s.engine.UseRegistry(ctx, s.registry.PullAddress(), s.registry.EnginePass()); err != nil {
		return err
	}
	c := s.config.Builder
	s.builder, err = builder.New(builder.Options{
		DockerHost: s.config.Docker.Host, InstanceID: s.data.instance, Registry: s.registry, Network: network,
		Image: c.Image, Allowed: c.Allowed, Aliases: c.Aliases,
		Limits:  builder.Limits{Memory: s.settings.buildMemory, CPUs: c.CPU},
		Timeout: time.Duration(c.Timeout), Concurrency: c.Concurrency, CABundle: c.CABundle,
		Log: s.log.With("part", "builder"),
	})
	return err
}

func (h *host) builderCommand() *cobra.Command {
	create := &cobra.Command{
		Use:     "create",
		Short:   "Make the Debian builder image now (serve does it when it is missing)",
		Example: "  paastech builder create",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := h.config()
			if err != nil {
				return err
			}
			name, err := builder.Create(cmd.Context(), h.stderr, builder.CreateOptions{DockerHost: config.Docker.Host})
			if err != nil {
				return err
			}
			return h.emit(map[string]string{"image": name}, func() { h.say("%s", name) })
		},
	}
	return h.withConfigFlag(newGroup("builder", "The image that builds run in", create))
}
