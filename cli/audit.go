package cli

import (
	"time"

	"github.com/spf13/cobra"
)

func (a *administration) auditCommand() *cobra.Command {
	var name, target, before string
	cmd := &cobra.Command{
		Use:     "audit",
		Short:   "Show who changed what, newest first",
		Example: "  paastech admin audit\n  paastech admin audit --user ada --json",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			entries, next, err := api.Audit(cmd.Context(), name, target, before)
			if err != nil {
				return err
			}
			rows := make([][]string, len(entries))
			for i, e := range entries {
				rows[i] = []string{e.At.Local().Format(time.DateTime), e.Name, e.With, e.From, e.Action, e.Target, string(e.Result)}
			}
			return a.emit(entries, func() {
				a.table([]string{"AT", "WHO", "WITH", "FROM", "WHAT", "TO", "RESULT"}, rows)
				if next != "" {
					a.note("Older ones: --before %s", next)
				}
			})
		},
	}
	cmd.Flags().StringVar(&name, "user", "", "only what this user did")
	cmd.Flags().StringVar(&target, "target", "", "only what was done to this project's id or username")
	cmd.Flags().StringVar(&before, "before", "", "only what is older")
	return cmd
}
