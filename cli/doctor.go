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
		Short:   "Look at every part of the platform; the exit code is 1 when something is not as it should be",
		Long:    "Look at every part of the platform: database, engine, host, packet filter, networks, builder, containers, images, volumes, logs, disk, mails. What is not as it should be is told with the command that mends it, or shows more. The exit code is 1 then.",
		Example: "  paastech " + as + "\n  paastech " + as + " --repair",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			examine := api.Doctor
			if repair {
				examine = api.Repair
			}
			found, err := examine(cmd.Context())
			if err != nil {
				return err
			}
			return a.showExamination(found)
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "put right what is safe to and remove what is kept of projects that do not exist, then look")
	return cmd
}

// showExamination fails when there are findings; programs see in the document which.
func (a *administration) showExamination(found paas.Examination) error {
	count := len(found.Findings())
	if a.json {
		if err := a.emit(found, nil); err != nil || count == 0 {
			return err
		}
		return &exitError{exitFailed}
	}
	for _, what := range found.Repaired {
		a.say("%s", printable(what))
	}
	if len(found.Repaired) > 0 {
		a.say("")
	}
	for _, check := range found.Checks {
		a.showCheck(check)
	}
	a.say("")
	if count == 0 {
		a.say("All is as it should be.")
		return nil
	}
	return failf(eUnsound, "%d thing(s) are not as they should be. `paastech doctor --repair` puts right what is safe to.", count)
}

// showCheck prints a line for the part and, below it, each finding with its remedy.
func (a *administration) showCheck(check paas.Check) {
	mark := "✓"
	if len(check.Findings) > 0 {
		mark = "✗"
	}
	a.say("%s %-12s  %s", a.paint(mark), check.Part, printable(check.Summary))
	for _, f := range check.Findings {
		a.say("    %s: %s.", f.Code, printable(f.Message))
		a.say("      %s", printable(f.Remedy))
	}
}
