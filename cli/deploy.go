package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// rollout asks the server for a deployment.
type rollout func(context.Context, *client.Client, paas.ProjectID) (wire.Deployment, error)

func (c *commands) deployCommand() *cobra.Command {
	cmd := c.rolloutCommand("deploy", "Deploy the newest image with the configuration of now", func(ctx context.Context, api *client.Client, id paas.ProjectID) (wire.Deployment, error) {
		return api.Deploy(ctx, id, nil, client.NoWait)
	})
	deploy := cmd.RunE
	plan := cmd.Flags().Bool("plan", false, "only say what it would do, step by step")
	cmd.Example += "\n  paastech deploy --plan"
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !*plan {
			return deploy(cmd, args)
		}
		api, project, err := c.project(cmd.Context())
		if err != nil {
			return err
		}
		steps, err := api.Plan(cmd.Context(), project.ID)
		if err != nil {
			return err
		}
		return c.emit(steps, func() {
			for i, step := range steps {
				c.say("%d. %s", i+1, step.Says)
			}
		})
	}
	return cmd
}

func (c *commands) startCommand() *cobra.Command {
	return c.rolloutCommand("start", "Start a stopped application", func(ctx context.Context, api *client.Client, id paas.ProjectID) (wire.Deployment, error) {
		return api.Start(ctx, id, client.NoWait)
	})
}

func (c *commands) restartCommand() *cobra.Command {
	return c.rolloutCommand("restart", "Replace what runs by a fresh start of the same version", func(ctx context.Context, api *client.Client, id paas.ProjectID) (wire.Deployment, error) {
		return api.Restart(ctx, id, client.NoWait)
	})
}

func (c *commands) rolloutCommand(use, short string, begin rollout) *cobra.Command {
	return &cobra.Command{
		Use:     use,
		Short:   short,
		Example: "  paastech " + use + "\n  paastech " + use + " -P hello",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			deployment, err := begin(cmd.Context(), api, project.ID)
			if err != nil {
				return err
			}
			return c.rolledOut(cmd.Context(), api, project, deployment)
		},
	}
}

// rolledOut watches what was begun and says how it ended.
func (c *commands) rolledOut(ctx context.Context, api *client.Client, project wire.Project, deployment wire.Deployment) error {
	already := !deployment.State.Active()
	ended, err := c.watch(ctx, api, project, deployment)
	if err != nil {
		return err
	}
	return c.emit(ended, func() { c.sayLive(project, ended, already) })
}

// watch shows a deployment's progress until it has ended; one that failed is an error with its diagnosis.
func (c *commands) watch(ctx context.Context, api *client.Client, project wire.Project, deployment wire.Deployment) (wire.Deployment, error) {
	if deployment.State.Active() {
		var last *string // held back: how it ended is said once, by the result or by the error
		ended, err := api.FollowDeploymentLog(ctx, project.ID, deployment.Number, func(line string) error {
			if last != nil {
				c.note("%s", *last)
			}
			last = &line
			return nil
		})
		if ctx.Err() != nil {
			return deployment, paas.Errorf(paas.Canceled, paas.ECanceled, "You no longer watch %s, which goes on: `paastech deployments %d` shows how it ends.", deployment.Name, deployment.Number)
		}
		if last != nil && !saysEnd(*last, ended) {
			c.note("%s", *last)
		}
		if err != nil {
			return deployment, err
		}
		deployment = ended
	}
	return deployment, outcome(deployment)
}

// saysEnd tells whether a line of a deployment's log is how it ended.
func saysEnd(line string, ended wire.Deployment) bool {
	if ended.Diagnosis != nil {
		return line == fmt.Sprintf("%s: %s", ended.Diagnosis.Code, ended.Diagnosis.Message)
	}
	return strings.HasPrefix(line, ended.Name+" is live at ")
}

// outcome is the error of a deployment that did not get live.
func outcome(deployment wire.Deployment) error {
	if deployment.State != paas.Failed && deployment.State != paas.Aborted {
		return nil
	}
	if deployment.Diagnosis != nil {
		return deployment.Diagnosis.Error()
	}
	return failf(eFailed, "%s ended as %s.", deployment.Name, deployment.State)
}

func (c *commands) sayLive(project wire.Project, deployment wire.Deployment, already bool) {
	switch {
	case deployment.State == paas.Superseded:
		c.say("%s %s was live; a newer version has replaced it at %s", project.Name, deployment.Name, project.URL)
	case already:
		c.say("%s %s is live already, nothing has changed: %s", project.Name, deployment.Name, project.URL)
	default:
		c.say("%s %s is live at %s", project.Name, deployment.Name, project.URL)
	}
}

func (c *commands) stopCommand() *cobra.Command {
	return c.inProject("stop", "Stop the application", "`paastech start` starts it again.", (*client.Client).Stop)
}

func (c *commands) sleepCommand() *cobra.Command {
	freeze := false
	command := c.inProject("sleep", "Put the application to sleep until somebody asks for it", "The next request wakes it, or `paastech wake`.", func(api *client.Client, ctx context.Context, id paas.ProjectID) error {
		return api.Sleep(ctx, id, freeze)
	})
	command.Flags().BoolVar(&freeze, "freeze", false, "keep it in memory, without the processor: it wakes up in a moment")
	return command
}

func (c *commands) wakeCommand() *cobra.Command {
	return c.inProject("wake", "Wake the application when it sleeps", "", (*client.Client).Wake)
}

func (c *commands) maintenanceCommand() *cobra.Command {
	notice := ""
	command := c.inProject("maintenance", "Show visitors a page for maintenance; what runs goes on", "`paastech resume` lets requests in again.", func(api *client.Client, ctx context.Context, id paas.ProjectID) error {
		return api.Maintain(ctx, id, notice)
	})
	command.Flags().StringVar(&notice, "notice", "", "what the page says (default: that it will be back soon)")
	return command
}

func (c *commands) pauseCommand() *cobra.Command {
	return c.inProject("pause", "Let requests wait, up to 1000 and for two minutes each", "`paastech resume` lets them in.", (*client.Client).Pause)
}

func (c *commands) resumeCommand() *cobra.Command {
	return c.inProject("resume", "Let requests in again after a maintenance or a pause", "", (*client.Client).Resume)
}

// conditionOf is a project's status, and how it receives its visitors when that is not as usual.
func conditionOf(project wire.Project) string {
	switch paas.Admission(project.Admission) {
	case paas.AdmissionMaintenance:
		return string(project.Status) + ", and shows visitors the page for maintenance"
	case paas.AdmissionPaused:
		return string(project.Status) + ", and its requests wait"
	}
	return string(project.Status)
}

// inProject does one thing with the project and says what it is like then.
func (c *commands) inProject(name, short, next string, do func(*client.Client, context.Context, paas.ProjectID) error) *cobra.Command {
	return &cobra.Command{
		Use:     name,
		Short:   short,
		Example: fmt.Sprintf("  paastech %s\n  paastech %s -P hello", name, name),
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			if err := do(api, cmd.Context(), project.ID); err != nil {
				return err
			}
			if project, err = api.Project(cmd.Context(), project.ID); err != nil {
				return err
			}
			return c.emit(project, func() { c.say("%s is %s. %s", project.Name, conditionOf(project), next) })
		},
	}
}
