package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) projectsCommand() *cobra.Command {
	return newGroup("projects", "Your projects", c.projectsCreateCommand(), c.projectsListCommand(), c.projectsInfoCommand(), c.projectsDeleteCommand(), c.projectsBranchCommand())
}

func (c *commands) projectsCreateCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a project without a git repository here; init makes one for the repository you are in",
		Example: "  paastech projects create hello",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.connect()
			if err != nil {
				return err
			}
			project, err := api.CreateProject(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.emit(project, func() {
				c.say("Project %s made. Push to it: git push %s main", project.Name, project.GitURL)
			})
		},
	}
}

func (c *commands) projectsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "List your projects",
		Example: "  paastech projects ls",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.connect()
			if err != nil {
				return err
			}
			projects, err := api.Projects(cmd.Context())
			if err != nil {
				return err
			}
			return c.emit(projects, func() { c.showProjects(projects) })
		},
	}
}

func (c *commands) showProjects(projects []wire.Project) {
	if len(projects) == 0 {
		c.say("You have no project yet. Make one in a git repository: paastech init NAME")
		return
	}
	rows := make([][]string, len(projects))
	for i, project := range projects {
		rows[i] = []string{project.Name, string(project.Status), versionOf(project.Live), project.URL}
	}
	c.table([]string{"NAME", "STATUS", "VERSION", "ADDRESS"}, rows)
}

func versionOf(deployment *wire.Deployment) string {
	if deployment == nil {
		return "-"
	}
	return deployment.Name
}

func (c *commands) projectsInfoCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "info [NAME|ID]",
		Short:             "Show a project",
		Example:           "  paastech projects info hello",
		Args:              arguments(cobra.MaximumNArgs(1)),
		ValidArgsFunction: c.completeProjects,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, project, err := c.project(cmd.Context(), args...)
			if err != nil {
				return err
			}
			return c.emit(project, func() { c.showProject(project) })
		},
	}
}

func (c *commands) showProject(project wire.Project) {
	c.facts(
		"Name", project.Name, "Status", conditionOf(project), "Address", project.URL, "Git", project.GitURL,
		"Deploys", project.Settings.Branch, "Owner", project.Owner.Username,
		"Variables", strconv.Itoa(len(project.Config.Env)), "Made", day(project.CreatedAt), "Id", string(project.ID),
	)
	c.sayCrash(project)
}

func (c *commands) projectsDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:               "delete [NAME|ID]",
		Aliases:           []string{"rm"},
		Short:             "Delete a project with everything of it",
		Long:              "Delete a project with everything of it: application, repository, configuration, logs. The name has to\nbe typed to confirm that; where nobody can be asked it is read from standard input.",
		Example:           "  paastech projects delete hello",
		Args:              arguments(cobra.MaximumNArgs(1)),
		ValidArgsFunction: c.completeProjects,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, project, err := c.project(cmd.Context(), args...)
			if err != nil {
				return err
			}
			if !yes {
				if err := c.confirmDeletion(cmd.Context(), api, project); err != nil {
					return err
				}
			}
			if err := api.DeleteProject(cmd.Context(), project.ID); err != nil {
				return err
			}
			return c.emit(project, func() {
				c.say("Deleted %s.", project.Name)
				c.hintRemote(project)
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (c *commands) confirmDeletion(ctx context.Context, api *client.Client, project wire.Project) error {
	deletion, err := api.ProjectDeletion(ctx, project.ID)
	if err != nil {
		return err
	}
	c.note("This deletes %s (%s): its application with %d container(s), repository, images, configuration and logs, %s of disk.",
		project.Name, project.URL, deletion.Containers, units.BytesSize(float64(deletion.Disk)))
	return c.confirmByName(ctx, project.Name)
}

// hintRemote says how to be rid of a remote that leads to a project that is gone.
func (c *commands) hintRemote(deleted wire.Project) {
	if here, err := projectOfDirectory(); err == nil && (here == string(deleted.ID) || here == deleted.Name) {
		c.note("This repository still has its git remote: git remote remove %s", remoteName)
	}
}

func (c *commands) projectsBranchCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "branch NAME",
		Short:   "Choose the branch whose pushes deploy",
		Example: "  paastech projects branch trunk -P hello",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			change := wire.ProjectChange{Settings: &wire.SettingsChange{Branch: &args[0]}}
			project, err = api.UpdateProject(cmd.Context(), project.ID, change, client.UpdateOptions{})
			if err != nil {
				return err
			}
			return c.emit(project, func() { c.say("%s deploys what is pushed to %s from now on.", project.Name, project.Settings.Branch) })
		},
	}
}

func (c *commands) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Show how the application is",
		Example: "  paastech status\n  paastech status -P hello",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			return c.emit(project, func() { c.showStatus(cmd, api, project) })
		},
	}
}

func (c *commands) showStatus(cmd *cobra.Command, api *client.Client, project wire.Project) {
	facts := []string{"Project", project.Name, "Status", conditionOf(project), "Address", project.URL}
	if live := project.Live; live != nil {
		facts = append(facts, "Version", fmt.Sprintf("%s, commit %s, put live %s", live.Name, live.Commit.Short(), ago(live.LiveAt)))
		if usage, err := api.Statistics(cmd.Context(), project.ID); err == nil && usage.MemoryUsage > 0 {
			facts = append(facts, "Uses", fmt.Sprintf("%.1f %% CPU, %d of %d MiB memory", usage.CPUUsage, usage.MemoryUsage>>20, usage.MemoryLimit>>20))
		}
	}
	if newest := project.Deployment; newest != nil && (project.Live == nil || newest.Number != project.Live.Number) {
		facts = append(facts, "Newest", fmt.Sprintf("%s, %s, %s", newest.Name, newest.State, ago(&newest.CreatedAt)))
		if newest.Diagnosis != nil {
			facts = append(facts, "Why", fmt.Sprintf("%s: %s", newest.Diagnosis.Code, newest.Diagnosis.Message))
		}
	}
	c.facts(facts...)
	switch project.Status {
	case paas.StatusNew:
		c.note("Nothing was pushed yet: paastech push")
	case paas.StatusStopped:
		c.note("Start it: paastech start")
	case paas.StatusSleeping:
		c.note("The next request wakes it, or: paastech wake")
	case paas.StatusCrashing:
		c.note("See why: paastech logs")
	}
}
