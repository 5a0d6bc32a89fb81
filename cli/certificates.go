package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *administration) certificatesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "certificates",
		Short:   "List the certificates that clients are shown, and what could not be got",
		Example: "  paastech admin certificates",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			all, err := api.Certificates(cmd.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, c := range all {
				rows[i] = []string{c.Name, c.Issuer, "none", "by itself", printable(c.Error)}
				if c.ExpiresAt != nil {
					rows[i][2] = day(*c.ExpiresAt)
				}
				if !c.Managed {
					rows[i][3] = "from a file"
				}
			}
			return a.emit(all, func() {
				if len(all) == 0 {
					a.say("No certificates: TLS is off (ingress.listenTLS), or nobody has come yet.")
					return
				}
				a.table([]string{"NAME", "ISSUER", "ENDS", "RENEWED", "LAST FAILURE"}, rows)
			})
		},
	}
}

func (a *administration) caCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ca",
		Short:   "Print the CA certificate that clients have to trust, when this installation has a CA of its own",
		Example: "  paastech admin ca",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			ca, err := api.CARoot(cmd.Context())
			if err != nil {
				return err
			}
			return a.emit(ca, func() { fmt.Fprint(a.stdout, ca.Root) })
		},
	}
}
