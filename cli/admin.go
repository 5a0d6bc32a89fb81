package cli

import (
	"strconv"
	"time"

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
		a.usersCommand(), a.invitesCommand(), a.auditCommand(), a.mailsCommand(), a.overviewCommand(), a.rotateKeyCommand(), a.doctorCommand())
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

func (a *administration) auditCommand() *cobra.Command {
	var name, target, before string
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show who changed what, newest first",
		Args:  arguments(cobra.NoArgs),
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

func (a *administration) mailsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "mails [ID]",
		Short: "List the mails that are kept, or read one; on the host",
		Args:  arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			local, err := a.onHost()
			if err != nil {
				return err
			}
			if len(args) > 0 {
				mail, err := local.Mail(cmd.Context(), paas.MailID(args[0]))
				if err != nil {
					return err
				}
				return a.emit(mail, func() {
					a.facts("To", mail.To, "Subject", mail.Subject, "State", string(mail.State), "Error", mail.LastError)
					a.say("\n%s", mail.Text)
				})
			}
			mails, err := local.Mails(cmd.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(mails))
			for i, m := range mails {
				rows[i] = []string{string(m.ID), string(m.Kind), m.To, string(m.State), strconv.Itoa(m.Attempts), ago(&m.CreatedAt)}
			}
			return a.emit(mails, func() { a.table([]string{"ID", "KIND", "TO", "STATE", "TRIES", "MADE"}, rows) })
		},
	}
}

func (a *administration) overviewCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "overview",
		Short: "Show the platform at a glance",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			o, err := api.Overview(cmd.Context())
			if err != nil {
				return err
			}
			return a.emit(o, func() {
				a.facts("Users", strconv.Itoa(o.Users), "Administrators", strconv.Itoa(o.Admins), "Not confirmed", strconv.Itoa(o.Unverified),
					"Projects", strconv.Itoa(o.Projects), "Containers", strconv.Itoa(o.Containers), "Deployments", strconv.Itoa(o.Deployments),
					"Mails queued", strconv.Itoa(o.MailsQueued), "Mails failed", strconv.Itoa(o.MailsFailed))
			})
		},
	}
}

func (a *administration) rotateKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-key",
		Short: "Encrypt what is kept with a new key; on the host",
		Args:  arguments(cobra.NoArgs),
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

func (a *administration) doctorCommand() *cobra.Command {
	var repair bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find what is not as it should be; ends with 1 when there is something",
		Args:  arguments(cobra.NoArgs),
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

func (a *administration) showFindings(findings []paas.Finding) error {
	err := a.emit(findings, func() {
		if len(findings) == 0 {
			a.say("All is as it should be.")
			return
		}
		rows := make([][]string, len(findings))
		for i, f := range findings {
			rows[i] = []string{f.Part, f.Message}
		}
		a.table([]string{"PART", "FINDING"}, rows)
	})
	if err == nil && len(findings) > 0 {
		err = failf(eUnsound, "%d thing(s) are not as they should be. --repair removes what is kept of projects that do not exist.", len(findings))
	}
	return err
}
