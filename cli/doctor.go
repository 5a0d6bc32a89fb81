package cli

import (
	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/paas"
)

// doctorCommand is there as `paastech doctor` and among the administration; as is how it is called.
func (a *administration) doctorCommand(as string) *cobra.Command {
	var repair bool
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "Find what is not as it should be; the exit code is 1 when there is something",
		Example: "  paastech " + as + "\n  paastech " + as + " --repair",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			examine := api.Doctor
			if repair {
				examine = api.RepairOrphans
			}
			findings, err := examine(cmd.Context())
			if err != nil {
				return err
			}
			return a.showFindings(findings)
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "remove what is kept of projects that do not exist, then look")
	return cmd
}

// showFindings fails when there are any; for programs they are the details of that failure.
func (a *administration) showFindings(findings []paas.Finding) error {
	if len(findings) == 0 {
		return a.emit([]paas.Finding{}, func() { a.say("All is as it should be.") })
	}
	unsound := paas.Errorf(paas.Conflict, eUnsound,
		"%d thing(s) are not as they should be. `paastech doctor --repair` removes what is kept of projects that do not exist.", len(findings))
	rows := make([][]string, len(findings))
	for i, f := range findings {
		rows[i] = []string{f.Part, f.Message}
		if a.json {
			unsound.Details = append(unsound.Details, paas.Detail{Field: f.Part, Message: f.Message})
		}
	}
	if !a.json {
		a.table([]string{"PART", "FINDING"}, rows)
	}
	return unsound
}
