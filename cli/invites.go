package cli

import (
	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (a *administration) invitesCommand() *cobra.Command {
	return newGroup("invites", "Invitations, each of which lets one person register", a.inviteListCommand(), a.inviteCreateCommand(), a.inviteRemoveCommand())
}

func (a *administration) inviteListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "List the invitations that are open",
		Example: "  paastech admin invites ls",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			invites, err := api.Invites(cmd.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(invites))
			for i, invite := range invites {
				rows[i] = []string{string(invite.ID), invite.Email, invite.By, day(invite.ExpiresAt)}
			}
			return a.emit(invites, func() { a.table([]string{"ID", "FOR", "BY", "ENDS"}, rows) })
		},
	}
}

func (a *administration) inviteCreateCommand() *cobra.Command {
	var admin bool
	cmd := &cobra.Command{
		Use:     "create [EMAIL]",
		Short:   "Invite somebody; with an address the link is mailed there",
		Example: "  paastech admin invites create grace@example.com",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			wanted := wire.NewInvite{Admin: admin}
			if len(args) > 0 {
				wanted.Email = args[0]
			}
			invite, err := api.CreateInvite(cmd.Context(), wanted)
			if err != nil {
				return err
			}
			return a.emit(invite, func() {
				a.say("%s", invite.Code.Reveal())
				a.note("Good once, until %s: paastech register -e EMAIL -u USERNAME --invite CODE", day(invite.ExpiresAt))
			})
		},
	}
	cmd.Flags().BoolVar(&admin, "admin", false, "whoever registers with it is an administrator, also while registration is closed")
	return cmd
}

func (a *administration) inviteRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rm ID",
		Short:   "Take an invitation back",
		Example: "  paastech admin invites rm 0b9a1c52-6c1e-4f0e-9a4e-2f6a4c1d7b11",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			if err := api.DeleteInvite(cmd.Context(), paas.InviteID(args[0])); err != nil {
				return err
			}
			return a.emit(struct{}{}, func() { a.say("The invitation is taken back.") })
		},
	}
}
