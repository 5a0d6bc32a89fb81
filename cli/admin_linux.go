package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/deployer"
	"github.com/paastech-cloud/paastech/rpc"
)

// local is the way to the daemon of this host; nil when none serves its data directory.
func (h *host) local() (*client.Local, error) {
	config, err := h.config()
	if errors.Is(err, fs.ErrPermission) {
		h.note("The configuration of this host is for root alone: asking over the API.")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	path := socketPath(config.DataDir)
	if _, err := os.Stat(path); err != nil {
		h.note("No daemon serves %s here (PAASTECH_DATADIR or --config names another, `paastech serve` starts one): asking over the API.", config.DataDir)
		return nil, nil
	}
	return client.NewLocal(path), nil
}

// purgeCommand takes the installation out of the engine; the data directory stays.
func (h *host) purgeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "purge --yes",
		Short:   "Remove every container, network and image of this installation from Docker, and its packet filter; the data directory stays",
		Example: "  paastech admin purge --yes",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return failf(eNotConfirmed, "This ends every application of this installation. Their source, configuration, images and volumes stay, and the next `paastech serve` starts them again. Say --yes to do it.")
			}
			config, err := h.config()
			if err != nil {
				return err
			}
			return h.purge(cmd.Context(), config)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "really do it")
	return cmd
}

func (h *host) purge(ctx context.Context, config Config) error {
	data, err := openDataDir(config.DataDir)
	if err != nil {
		return err
	}
	defer data.Close()
	if err := data.claim(rpc.Deployer, "stop it first"); err != nil {
		return err
	}
	options, err := engineOptions(config, data.instance)
	if err != nil {
		return err
	}
	engine, err := deployer.New(ctx, options)
	if err != nil {
		return err
	}
	return engine.RemoveAll(ctx)
}
