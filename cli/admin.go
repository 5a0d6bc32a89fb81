package cli

import (
	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/paas"
)

// administration is what administrators do. On the host it goes through the socket in the daemon's
// data directory, which only the daemon's user can open; elsewhere over the API, logged in.
type administration struct {
	*commands
	local func() (*client.Local, error) // the daemon of this host; nil when there is none
}

func (a *administration) adminCommand(more ...*cobra.Command) *cobra.Command {
	cmd := newGroup("admin", "Administer the platform: on its own host, or logged in as an administrator",
		a.usersCommand(), a.invitesCommand(), a.auditCommand(), a.mailsCommand(), a.overviewCommand(), a.settingsCommand(), a.certificatesCommand(), a.caCommand(), a.rotateKeyCommand(), a.doctorCommand("admin doctor"))
	cmd.AddCommand(more...)
	return cmd
}

// connect is a client that may administer: a server that is named is meant, else this host's.
func (a *administration) connect() (*client.Client, error) {
	if a.serverFlag == "" {
		local, err := a.local()
		if err != nil {
			return nil, err
		}
		if local != nil {
			return local.Client, nil
		}
	}
	return a.commands.connect()
}

// onHost is the daemon of this host, for what is done nowhere else.
func (a *administration) onHost() (*client.Local, error) {
	local, err := a.local()
	if err == nil && (local == nil || a.serverFlag != "") {
		err = failf(paas.EUnavailable, "This is done on the server's own host alone, by the user that runs `paastech serve`.")
	}
	return local, err
}

func (a *administration) rotateKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rotate-key",
		Short:   "Encrypt what is kept with a new key; on the host",
		Example: "  paastech admin rotate-key",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			local, err := a.onHost()
			if err != nil {
				return err
			}
			if err := local.RotateKey(cmd.Context()); err != nil {
				return err
			}
			return a.emit(struct{}{}, func() { a.say("Everything is encrypted with a new key. Copies of the old key open only old backups.") })
		},
	}
}
