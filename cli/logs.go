package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) logsCommand() *cobra.Command {
	var follow bool
	var tail int
	var since string
	cmd := &cobra.Command{
		Use:     "logs",
		Short:   "Show what the application wrote",
		Long:    "Show what the application wrote. With -f it goes on over restarts and new versions until Ctrl-C or\nuntil the application is stopped.",
		Example: "  paastech logs -f\n  paastech logs -n 20 --since 1h",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if follow && c.json {
				return usagef(cmd, "--json is one document, and a log that is followed has no end: leave out -f or --json")
			}
			from, err := sinceTime(cmd, since, time.Now())
			if err != nil {
				return err
			}
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			query := client.LogQuery{Tail: tail, Since: from}
			if follow {
				return c.followLogs(cmd.Context(), api, project, query)
			}
			logs, err := api.Logs(cmd.Context(), project.ID, query)
			if err != nil {
				return err
			}
			return c.emit(wire.Logs{Logs: logs}, func() { c.sayText(logs) })
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on showing what is written")
	cmd.Flags().IntVarP(&tail, "lines", "n", 0, "only this many of the newest lines")
	cmd.Flags().StringVar(&since, "since", "", "only lines since then: a duration like 15m or a time like 2026-01-31T10:00:00Z")
	return cmd
}

// sinceTime reads a duration before now, or a time.
func sinceTime(cmd *cobra.Command, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if past, err := time.ParseDuration(text); err == nil && past >= 0 {
		return now.Add(-past), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, usagef(cmd, "--since %q is neither a duration like 15m nor a time like 2026-01-31T10:00:00Z", text)
	}
	return at, nil
}

// sayText prints text as it is, with the end of its last line.
func (c *console) sayText(text string) {
	fmt.Fprint(c.stdout, text)
	if text != "" && !strings.HasSuffix(text, "\n") {
		fmt.Fprintln(c.stdout)
	}
}

// reconnectPause is how long after the end of a container's log its successor is looked for.
const reconnectPause = time.Second

// followLogs shows lines until ctx ends, which is no failure, or the application is stopped. A
// stream ends with its container; the next one is that of whatever runs then.
func (c *commands) followLogs(ctx context.Context, api *client.Client, project wire.Project, query client.LogQuery) error {
	show := func(line string) error {
		_, err := fmt.Fprintln(c.stdout, line)
		return err
	}
	for {
		err := api.FollowLogs(ctx, project.ID, query, show)
		ended := time.Now()
		if err == nil {
			err = pause(ctx, reconnectPause)
		}
		before := project.Live
		if err == nil {
			project, err = api.Project(ctx, project.ID)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if project.Status == paas.StatusStopped || project.Live == nil {
			c.note("%s is %s: its log ends here.", project.Name, project.Status)
			return nil
		}
		query = client.LogQuery{Since: ended}
		if before == nil || before.Number != project.Live.Number {
			query = client.LogQuery{} // a new version, from its first line
		}
	}
}

func pause(ctx context.Context, length time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(length):
		return nil
	}
}
