package cli

import (
	"strconv"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"
)

func (c *commands) volumesCommand() *cobra.Command {
	list := c.volumesListCommand()
	cmd := newGroup("volumes", "Directories that outlive versions (volumes in paastech/app.yaml)", list, c.volumesRemoveCommand())
	cmd.Example = "  paastech volumes"
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return group(cmd, args)
		}
		return list.RunE(cmd, args)
	}
	return cmd
}

func (c *commands) volumesListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "List the project's volumes",
		Example: "  paastech volumes ls",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			volumes, err := api.Volumes(cmd.Context(), project.ID)
			if err != nil {
				return err
			}
			rows := make([][]string, len(volumes))
			for i, v := range volumes {
				rows[i] = []string{v.Name, units.BytesSize(float64(v.Used)), sizeOrNone(v.Size), strconv.FormatBool(v.Mounted)}
			}
			return c.emit(volumes, func() {
				if len(rows) == 0 {
					c.say("There are no volumes. They are declared in paastech/app.yaml.")
					return
				}
				c.table([]string{"NAME", "USED", "SIZE", "IN USE"}, rows)
			})
		},
	}
}

func (c *commands) volumesRemoveCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "rm NAME",
		Short:   "Delete a volume that no version uses, with everything in it",
		Example: "  paastech volumes rm data",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			if !yes {
				if err := c.confirmByName(cmd.Context(), args[0]); err != nil {
					return err
				}
			}
			if err := api.RemoveVolume(cmd.Context(), project.ID, args[0]); err != nil {
				return err
			}
			return c.emit(struct{}{}, func() { c.say("The volume %s and what was in it is deleted.", args[0]) })
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (c *commands) cronCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "cron",
		Short:   "Show when the cron lines of paastech/app.yaml ran, and what became of it",
		Example: "  paastech cron",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			runs, err := api.CronRuns(cmd.Context(), project.ID)
			if err != nil {
				return err
			}
			rows := make([][]string, len(runs))
			for i, r := range runs {
				took, result := "runs", ""
				if r.EndedAt != nil {
					took, result = r.EndedAt.Sub(r.StartedAt).Round(100*time.Millisecond).String(), strconv.Itoa(r.ExitCode)
				}
				rows[i] = []string{r.Due.Local().Format("2006-01-02 15:04"), r.Schedule, r.Command, took, result, r.Note}
			}
			return c.emit(runs, func() {
				if len(rows) == 0 {
					c.say("No cron line ran yet. They are declared in paastech/app.yaml.")
					return
				}
				c.table([]string{"DUE", "SCHEDULE", "COMMAND", "TOOK", "EXIT", "NOTE"}, rows)
			})
		},
	}
}
