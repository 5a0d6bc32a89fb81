package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) scaleCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "scale [PROCESS=COUNT]...",
		Short:   "Show or set how many containers of each process run",
		Example: "  paastech scale\n  paastech scale web=2 worker=1",
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := formationOf(cmd, args)
			if err != nil {
				return err
			}
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			if len(to) == 0 {
				return c.showProcesses(project)
			}
			scaled, err := api.Scale(cmd.Context(), project.ID, to, client.NoWait)
			if err != nil {
				return err
			}
			if scaled.Deployment == nil {
				return c.emit(scaled, func() { c.say("%s is kept for when %s goes live.", scaled.Formation, project.Name) })
			}
			return c.rolledOut(cmd.Context(), api, project, *scaled.Deployment)
		},
	}
}

// formationOf reads web=2 worker=1.
func formationOf(cmd *cobra.Command, args []string) (paas.Formation, error) {
	to := paas.Formation{}
	for _, arg := range args {
		process, text, found := strings.Cut(arg, "=")
		count, err := strconv.Atoi(text)
		if !found || err != nil || process == "" || count < 0 {
			return nil, usagef(cmd, "%q is not PROCESS=COUNT, like web=2", arg)
		}
		to[process] = count
	}
	return to, nil
}

func (c *commands) psCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ps",
		Short:   "Show the processes of the application, and how many of each run",
		Example: "  paastech ps\n  paastech ps -P hello",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			return c.showProcesses(project)
		},
	}
}

func (c *commands) showProcesses(project wire.Project) error {
	return c.emit(project, func() {
		if project.Live == nil {
			c.say("No version of %s is live yet: paastech push", project.Name)
			return
		}
		commands := map[string]string{}
		for _, process := range project.Live.Processes {
			commands[process.Type] = process.Command
		}
		for process, spec := range project.Live.App.Processes {
			if spec.Command != "" {
				commands[process] = spec.Command
			}
		}
		var rows [][]string
		for _, process := range slices.Sorted(maps.Keys(project.Live.Formation)) {
			rows = append(rows, []string{process, strconv.Itoa(project.Running[process]), strconv.Itoa(project.Live.Formation[process]), project.Live.Name, commands[process]})
		}
		c.table([]string{"PROCESS", "RUN", "WANTED", "VERSION", "COMMAND"}, rows)
		c.sayEnding(project.Ending)
		c.sayCrash(project)
	})
}

// sayEnding says what is there besides what was asked for, for a moment.
func (c *commands) sayEnding(ending paas.Formation) {
	var counts []string
	for _, process := range slices.Sorted(maps.Keys(ending)) {
		counts = append(counts, fmt.Sprintf("%s %d", process, ending[process]))
	}
	if len(counts) > 0 {
		c.say("Earlier versions are still ending: %s", strings.Join(counts, ", "))
	}
}

// sayCrash says why a project keeps ending.
func (c *commands) sayCrash(project wire.Project) {
	if project.Crash == nil {
		return
	}
	c.say("%s %s", printable(project.Crash.Message), nextStart(project.Crash.NextStart, time.Now()))
}

func nextStart(at, now time.Time) string {
	if wait := at.Sub(now).Round(time.Second); wait > 0 {
		return fmt.Sprintf("It is started again in %s.", wait)
	}
	return "It is being started again."
}
