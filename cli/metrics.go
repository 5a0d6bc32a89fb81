package cli

import (
	"fmt"
	"strconv"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/wire"
)

// metricRows is how many rows a person is shown.
const metricRows = 20

func (c *commands) metricsCommand() *cobra.Command {
	over := "1h"
	cmd := &cobra.Command{
		Use:     "metrics",
		Short:   "Show what the application used and did over time",
		Example: "  paastech metrics\n  paastech metrics --range 7d",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			samples, err := api.Metrics(cmd.Context(), project.ID, over)
			if err != nil {
				return err
			}
			return c.emit(samples, func() { c.showSamples(samples) })
		},
	}
	cmd.Flags().StringVar(&over, "range", over, "how far back, like 1h, 24h or 7d")
	return cmd
}

// showSamples shows some of them, the newest last.
func (c *commands) showSamples(samples []wire.Sample) {
	if len(samples) == 0 {
		c.say("Nothing was measured in that time.")
		return
	}
	step := (len(samples) + metricRows - 1) / metricRows
	var rows [][]string
	for i := (len(samples) - 1) % step; i < len(samples); i += step {
		s := samples[i]
		rows = append(rows, []string{
			s.At.Local().Format("Jan 02 15:04:05"), fmt.Sprintf("%.1f %%", s.CPU), units.BytesSize(float64(s.Memory)) + " of " + units.BytesSize(float64(s.Limit)),
			strconv.FormatUint(s.Requests, 10), strconv.FormatUint(s.Errors, 10), milliseconds(s.Latency.P50), milliseconds(s.Latency.P99), strconv.Itoa(s.Restarts),
		})
	}
	c.table([]string{"TIME", "CPU", "MEMORY", "REQUESTS", "ERRORS", "P50", "P99", "RESTARTS"}, rows)
}

// milliseconds is the bound of a latency; nothing was measured without requests.
func milliseconds(ms float64) string {
	if ms == 0 {
		return "-"
	}
	return fmt.Sprintf("<%g ms", ms)
}
