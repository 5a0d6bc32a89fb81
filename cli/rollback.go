package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) rollbackCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback [VERSION]",
		Short: "Make an earlier version the running one again: its image and its variables",
		Long: "Make an earlier version the running one again: its image and its variables, as a new deployment.\nNothing is built. Without VERSION it is the one that was live before." +
			" The project's variables become\nthose of that version; rolling back to the newest one brings today's back.",
		Example: "  paastech rollback\n  paastech rollback v3",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			number := 0
			if len(args) == 1 {
				number, err = deploymentNumber(cmd, args[0])
			} else {
				number, err = c.before(cmd.Context(), api, project.ID)
			}
			if err != nil {
				return err
			}
			deployment, err := api.Rollback(cmd.Context(), project.ID, number, client.NoWait)
			if err != nil {
				return err
			}
			return c.rolledOut(cmd.Context(), api, project, deployment)
		},
	}
}

// before is the newest version that was live before the one that is.
func (c *commands) before(ctx context.Context, api *client.Client, id paas.ProjectID) (int, error) {
	all, err := api.Deployments(ctx, id, 200)
	if err != nil {
		return 0, err
	}
	for _, d := range all {
		if d.State == paas.Superseded {
			return d.Number, nil
		}
	}
	return 0, failf(eFailed, "No version was live before this one.")
}

func (c *commands) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "cancel VERSION",
		Short:   "End a deployment that is not live yet; what ran before goes on running",
		Example: "  paastech deployments cancel v3",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := deploymentNumber(cmd, args[0])
			if err != nil {
				return err
			}
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			deployment, err := api.Cancel(cmd.Context(), project.ID, number)
			if err != nil {
				return err
			}
			return c.emit(deployment, func() { c.say("%s is %s.", deployment.Name, deployment.State) })
		},
	}
}
