package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/wire"
)

func (c *commands) deploymentsCommand() *cobra.Command {
	limit := 20
	cmd := &cobra.Command{
		Use:     "deployments [NUMBER]",
		Short:   "List the project's deployments, or show one",
		Example: "  paastech deployments\n  paastech deployments 3",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return c.showDeployment(cmd, args[0])
			}
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			deployments, err := api.Deployments(cmd.Context(), project.ID, limit)
			if err != nil {
				return err
			}
			return c.emit(deployments, func() { c.showDeployments(deployments) })
		},
	}
	cmd.Flags().IntVarP(&limit, "lines", "n", limit, "how many, newest first (at most 200)")
	cmd.AddCommand(c.deploymentLogCommand(), c.cancelCommand())
	return cmd
}

func (c *commands) showDeployments(deployments []wire.Deployment) {
	if len(deployments) == 0 {
		c.say("Nothing was deployed yet: paastech push")
		return
	}
	rows := make([][]string, len(deployments))
	for i, d := range deployments {
		why := ""
		if d.Diagnosis != nil {
			why = string(d.Diagnosis.Code)
		}
		rows[i] = []string{d.Name, string(d.State), string(d.Reason), d.Branch, d.Commit.Short(), ago(&d.CreatedAt), why}
	}
	c.table([]string{"VERSION", "STATE", "BY", "BRANCH", "COMMIT", "WHEN", "WHY"}, rows)
}

func (c *commands) showDeployment(cmd *cobra.Command, typed string) error {
	number, err := deploymentNumber(cmd, typed)
	if err != nil {
		return err
	}
	api, project, err := c.project(cmd.Context())
	if err != nil {
		return err
	}
	d, err := api.Deployment(cmd.Context(), project.ID, number)
	if err != nil {
		return err
	}
	return c.emit(d, func() {
		facts := []string{"Version", d.Name, "State", string(d.State), "By", string(d.Reason), "Branch", d.Branch, "Commit", string(d.Commit), "Made", ago(&d.CreatedAt)}
		if d.LiveAt != nil {
			facts = append(facts, "Live", ago(d.LiveAt))
		}
		if d.EndedAt != nil {
			facts = append(facts, "Ended", ago(d.EndedAt))
		}
		if d.Diagnosis != nil {
			facts = append(facts, "Why", fmt.Sprintf("%s: %s", d.Diagnosis.Code, d.Diagnosis.Message))
		}
		c.facts(facts...)
		c.note("Its log: paastech deployments log %d", d.Number)
	})
}

// deploymentNumber reads 3 and v3.
func deploymentNumber(cmd *cobra.Command, typed string) (int, error) {
	number, err := strconv.Atoi(strings.TrimPrefix(typed, "v"))
	if err != nil || number < 1 {
		return 0, usagef(cmd, "%q is no deployment's number: give one like 3 or v3", typed)
	}
	return number, nil
}

func (c *commands) deploymentLogCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "log [NUMBER]",
		Short:   "Show what a deployment (the newest) wrote while it was built and started",
		Long:    "Show what a deployment (without a number: the newest) wrote while it was built and started. While it\nis still on its way the log is followed to its end.",
		Example: "  paastech deployments log\n  paastech deployments log 3",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			number := 0
			if len(args) == 1 {
				var err error
				if number, err = deploymentNumber(cmd, args[0]); err != nil {
					return err
				}
			}
			return c.deploymentLog(cmd, number)
		},
	}
}

func (c *commands) deploymentLog(cmd *cobra.Command, number int) error {
	api, project, err := c.project(cmd.Context())
	if err != nil {
		return err
	}
	if number == 0 {
		if project.Deployment == nil {
			c.note("Nothing was deployed yet: paastech push")
			return c.emit(wire.Logs{}, func() {})
		}
		number = project.Deployment.Number
	}
	deployment, err := api.Deployment(cmd.Context(), project.ID, number)
	if err != nil {
		return err
	}
	if deployment.State.Active() && !c.json {
		_, err := api.FollowDeploymentLog(cmd.Context(), project.ID, number, func(line string) error {
			c.say("%s", line)
			return nil
		})
		return err
	}
	log, err := api.DeploymentLog(cmd.Context(), project.ID, number)
	if err != nil {
		return err
	}
	return c.emit(wire.Logs{Logs: log}, func() { c.sayText(log) })
}
