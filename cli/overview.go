package cli

import (
	"fmt"
	"strconv"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/wire"
)

func (a *administration) overviewCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "overview",
		Short:   "Show the platform at a glance, and what should be looked at",
		Example: "  paastech admin overview",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			o, err := api.Overview(cmd.Context())
			if err != nil {
				return err
			}
			return a.emit(o, func() { a.showOverview(o) })
		},
	}
}

func (a *administration) showOverview(o wire.Overview) {
	facts := []string{
		"Users", strconv.Itoa(o.Users), "Administrators", strconv.Itoa(o.Admins), "Not confirmed", strconv.Itoa(o.Unverified),
		"Projects", strconv.Itoa(o.Projects), "Containers", strconv.Itoa(o.Containers), "Deploying now", strconv.Itoa(o.Deployments),
		"Of which queued", strconv.Itoa(o.Queued), "Of which building", strconv.Itoa(o.Building),
		"Mails queued", strconv.Itoa(o.MailsQueued), "Mails failed", strconv.Itoa(o.MailsFailed),
	}
	if c := o.Capacity; c != nil {
		facts = append(facts, "Load", fmt.Sprintf("%.2f on %d cores", c.Load, c.Cores),
			"Memory", fmt.Sprintf("%s of %s free; containers may use %s", bytesText(c.MemoryFree), bytesText(c.Memory), bytesText(o.Promised)),
			"Disk", fmt.Sprintf("%s of %s free, of which %s are the reserve", bytesText(c.DiskFree), bytesText(c.Disk), bytesText(o.Reserve)))
	}
	a.facts(append(facts, "Repositories", bytesText(o.DiskUse.Repositories), "Images", bytesText(o.DiskUse.Images), "Logs", bytesText(o.DiskUse.Logs), "Volumes", bytesText(o.DiskUse.Volumes))...)
	for _, concern := range o.Concerns {
		a.say("%s", printable(concern.Message))
	}
}

func bytesText(n int64) string { return units.BytesSize(float64(n)) }

func (a *administration) settingsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "settings",
		Short:   "Show what the daemon is configured with, without secrets",
		Example: "  paastech admin settings",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			settings, err := api.Settings(cmd.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(settings))
			for i, s := range settings {
				rows[i] = []string{s.Name, s.Value, ""}
				if s.Secret {
					rows[i][1] = "(a secret)"
				}
				if s.Default {
					rows[i][2] = "default"
				}
			}
			return a.emit(settings, func() { a.table([]string{"SETTING", "VALUE", ""}, rows) })
		},
	}
}
