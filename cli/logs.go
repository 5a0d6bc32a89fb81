package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// logFlags are what a person says about the lines wanted.
type logFlags struct {
	follow, times bool
	tail          int
	since, until  string
	process       string
	deployment    string
	grep          string
}

func (c *commands) logsCommand() *cobra.Command {
	var said logFlags
	cmd := &cobra.Command{
		Use:     "logs",
		Short:   "Show what the application wrote",
		Long:    "Show what the application wrote. With -f it goes on over restarts and new versions until Ctrl-C.",
		Example: "  paastech logs -f\n  paastech logs -n 20 --since 1h\n  paastech logs --process worker --grep timeout",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if said.follow && c.json {
				return usagef(cmd, "--json is one document, and a log that is followed has no end: leave out -f or --json")
			}
			query, err := said.query(cmd, time.Now())
			if err != nil {
				return err
			}
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			if said.follow {
				return c.followLogs(cmd.Context(), api, project.ID, query, said)
			}
			lines, err := api.LogLines(cmd.Context(), project.ID, query)
			if err != nil {
				return err
			}
			return c.emit(lines, func() {
				for _, line := range lines {
					c.sayLine(line, said)
				}
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&said.follow, "follow", "f", false, "go on showing what is written")
	flags.IntVarP(&said.tail, "lines", "n", 0, "only this many of the newest lines")
	flags.StringVar(&said.since, "since", "", "only lines since then: a duration like 15m or a time like 2026-01-31T10:00:00Z")
	flags.StringVar(&said.until, "until", "", "only lines until then")
	flags.StringVarP(&said.process, "process", "p", "", "only lines of a process, like worker, or of one container, like web.2")
	flags.StringVar(&said.deployment, "deployment", "", "only lines of a deployment, like v3")
	flags.StringVarP(&said.grep, "grep", "g", "", "only lines that contain this text, in capitals or not")
	flags.BoolVarP(&said.times, "times", "t", false, "show when each line was written, and by what")
	return cmd
}

func (f logFlags) query(cmd *cobra.Command, now time.Time) (query client.LogQuery, err error) {
	query = client.LogQuery{Tail: f.tail, Process: f.process, Grep: f.grep}
	if query.Since, err = sinceTime(cmd, "--since", f.since, now); err != nil {
		return query, err
	}
	if query.Until, err = sinceTime(cmd, "--until", f.until, now); err != nil {
		return query, err
	}
	if f.deployment != "" {
		if query.Deployment, err = strconv.Atoi(strings.TrimPrefix(f.deployment, "v")); err != nil || query.Deployment < 1 {
			return query, usagef(cmd, "--deployment %q is not the number of a deployment, like 3 or v3", f.deployment)
		}
	}
	return query, nil
}

// sayLine prints a line: as it was written, with its origin when that was asked for, or when it is the
// platform's own word.
func (c *console) sayLine(line wire.LogLine, how logFlags) {
	origin := ""
	if how.times {
		origin = fmt.Sprintf("%s %s v%d | ", line.At.Local().Format("2006-01-02 15:04:05.000"), line.Process, line.Deployment)
	} else if line.Stream == paas.System {
		origin = "paastech | "
	}
	fmt.Fprintln(c.stdout, origin+line.Text)
}

// followLogs shows lines until ctx ends, which is no failure.
func (c *commands) followLogs(ctx context.Context, api *client.Client, id paas.ProjectID, query client.LogQuery, how logFlags) error {
	err := api.FollowLogs(ctx, id, query, func(line wire.LogLine) error {
		c.sayLine(line, how)
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// sinceTime reads a duration before now, or a time.
func sinceTime(cmd *cobra.Command, flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if past, err := time.ParseDuration(text); err == nil && past >= 0 {
		return now.Add(-past), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, usagef(cmd, "%s %q is neither a duration like 15m nor a time like 2026-01-31T10:00:00Z", flag, text)
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
