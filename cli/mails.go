package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/paas"
)

func (a *administration) mailsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "mails [ID]",
		Short:   "List the mails that are kept, or read one; on the host",
		Example: "  paastech admin mails\n  paastech admin mails 0b9a1c52-6c1e-4f0e-9a4e-2f6a4c1d7b11",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			local, err := a.onHost()
			if err != nil {
				return err
			}
			if len(args) > 0 {
				return a.showMail(cmd.Context(), local, paas.MailID(args[0]))
			}
			return a.listMails(cmd.Context(), local)
		},
	}
}

func (a *administration) showMail(ctx context.Context, local *client.Local, id paas.MailID) error {
	mail, err := local.Mail(ctx, id)
	if err != nil {
		return err
	}
	return a.emit(mail, func() {
		a.facts("To", mail.To, "Subject", mail.Subject, "State", string(mail.State), "Error", mail.LastError)
		a.say("\n%s", mail.Text)
	})
}

func (a *administration) listMails(ctx context.Context, local *client.Local) error {
	mails, err := local.Mails(ctx)
	if err != nil {
		return err
	}
	rows := make([][]string, len(mails))
	for i, m := range mails {
		rows[i] = []string{string(m.ID), string(m.Kind), m.To, string(m.State), strconv.Itoa(m.Attempts), ago(&m.CreatedAt)}
	}
	return a.emit(mails, func() { a.table([]string{"ID", "KIND", "TO", "STATE", "TRIES", "MADE"}, rows) })
}
