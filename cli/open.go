package cli

import (
	"context"
	"runtime"
	"time"

	"github.com/spf13/cobra"
)

func (c *commands) openCommand() *cobra.Command {
	var printOnly bool
	cmd := &cobra.Command{
		Use:     "open",
		Short:   "Open the application in the browser",
		Example: "  paastech open\n  paastech open --print",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			return c.browse(cmd.Context(), project.URL, printOnly)
		},
	}
	cmd.Flags().BoolVar(&printOnly, "print", false, "only print the address")
	return cmd
}

func (c *commands) dashboardCommand() *cobra.Command {
	var printOnly bool
	cmd := &cobra.Command{
		Use:     "dashboard",
		Short:   "Open the server's pages in the browser",
		Example: "  paastech dashboard",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, _, err := c.anonymous()
			if err != nil {
				return err
			}
			return c.browse(cmd.Context(), api.Server(), printOnly)
		},
	}
	cmd.Flags().BoolVar(&printOnly, "print", false, "only print the address")
	return cmd
}

// versions is what `version` tells.
type versions struct {
	Client string `json:"client"`
	System string `json:"system"`
	Server string `json:"server,omitempty"` // empty when none is known or it does not answer
}

// versionTimeout keeps `version` quick where the server does not answer.
const versionTimeout = 3 * time.Second

func (c *commands) versionCommand(version string) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the versions of the client and of the server",
		Example: "  paastech version",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			told := versions{Client: version, System: runtime.GOOS + "/" + runtime.GOARCH}
			if api, _, err := c.anonymous(); err == nil {
				ctx, cancel := context.WithTimeout(cmd.Context(), versionTimeout)
				defer cancel()
				info, _ := api.Info(ctx)
				told.Server = info.Version
			}
			return c.emit(told, func() { c.facts("Client", told.Client+" ("+told.System+")", "Server", told.Server) })
		},
	}
}
