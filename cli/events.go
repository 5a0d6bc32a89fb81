package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// usualEvents is how many events are shown unless a person says.
const usualEvents = 20

func (c *commands) eventsCommand() *cobra.Command {
	var follow bool
	var count int
	cmd := &cobra.Command{
		Use:     "events",
		Short:   "Show what happened to the project: deployments, changes and by whom, what ended by itself",
		Long:    "Show what happened to the project, oldest first: deployments that went live or failed, changes and by whom, containers that ended by themselves, were killed for their memory or did not answer. With -f it goes on until Ctrl-C.",
		Example: "  paastech events\n  paastech events -f\n  paastech events -n 100",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if follow && c.json {
				return usagef(cmd, "--json is one document, and events that are followed have no end: leave out -f or --json")
			}
			if count < 1 || count > 200 {
				return usagef(cmd, "-n is a number from 1 to 200")
			}
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			if follow {
				return c.followEvents(cmd.Context(), api, project.ID, count)
			}
			return c.showEvents(cmd.Context(), api, project, count)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on showing what happens")
	cmd.Flags().IntVarP(&count, "lines", "n", usualEvents, "how many of the newest")
	return cmd
}

// showEvents shows what happened, oldest first.
func (c *commands) showEvents(ctx context.Context, api *client.Client, project wire.Project, count int) error {
	events, _, err := api.ProjectEvents(ctx, project.ID, count, "")
	if err != nil {
		return err
	}
	return c.emit(events, func() {
		for _, event := range slices.Backward(events) {
			c.sayEvent(event)
		}
		if len(events) == 0 {
			c.say("Nothing happened to %s yet.", project.Name)
		}
	})
}

// followEvents shows what happened and what happens until ctx ends, which is no failure.
func (c *commands) followEvents(ctx context.Context, api *client.Client, id paas.ProjectID, count int) error {
	err := api.FollowEvents(ctx, id, count, func(event wire.Event) error {
		c.sayEvent(event)
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// sayEvent prints an event in a line. Those that are not kept say no more than a status.
func (c *console) sayEvent(event wire.Event) {
	text := event.Message
	switch {
	case text != "":
	case event.Kind == paas.EventProjectStatus:
		text = "The project is " + string(event.Status) + "."
	case event.Deployment != nil:
		text = event.Deployment.Name + " is " + string(event.Deployment.State) + "."
	}
	c.say("%s  %-20s  %s", event.At.Local().Format("2006-01-02 15:04:05"), event.Kind, printable(text))
}
