package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) accountPasswordCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "password",
		Short:   "Change your password; ends all your other log-ins",
		Long:    "Change your password. The current and the new one are asked for; where nobody can be asked they are\nread from standard input, a line each.",
		Example: "  paastech account password",
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.changePassword(cmd.Context()) },
	}
}

func (c *commands) changePassword(ctx context.Context) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	user, err := api.Me(ctx)
	if err != nil {
		return err
	}
	current, err := c.askSecret(ctx, "Current password")
	if err != nil {
		return err
	}
	password, err := c.newPassword(ctx, false)
	if err != nil {
		return err
	}
	session, err := api.ChangePassword(ctx, paas.Secret(current), password)
	if err != nil {
		return err
	}
	if os.Getenv("PAASTECH_TOKEN") == "" && session.AccessToken != "" {
		known, err := readSessions()
		if err != nil {
			return err
		}
		if err := known.remember(api.Server(), session, user); err != nil {
			return err
		}
	}
	return c.emit(user, func() { c.say("The password is changed; all other log-ins have ended.") })
}

func (c *commands) accountResetCommand() *cobra.Command {
	var token string
	cmd := &cobra.Command{
		Use:     "reset EMAIL | --token TOKEN|LINK",
		Short:   "Choose a new password by a link that is mailed to you",
		Example: "  paastech account reset ada@example.com\n  paastech account reset --token LINK-OF-THE-MAIL",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (token == "") == (len(args) == 0) {
				return usagef(cmd, "give the e-mail address of the account, or --token with the link that was mailed there")
			}
			if token != "" {
				return c.resetPassword(cmd.Context(), linkToken(token))
			}
			return c.requestReset(cmd.Context(), args[0])
		},
	}
	cmd.Flags().StringVar(&token, "token", "", "the link of the mail, or its end")
	return cmd
}

func (c *commands) requestReset(ctx context.Context, email string) error {
	api, _, err := c.anonymous()
	if err != nil {
		return err
	}
	if err := api.RequestReset(ctx, email); err != nil {
		return err
	}
	return c.emit(struct{}{}, func() {
		c.say("If there is an account with %s, a mail is on its way. Then: paastech account reset --token LINK", printable(email))
	})
}

func (c *commands) resetPassword(ctx context.Context, token paas.Secret) error {
	api, _, err := c.anonymous()
	if err != nil {
		return err
	}
	password, err := c.newPassword(ctx, false)
	if err != nil {
		return err
	}
	if err := api.ResetPassword(ctx, token, password); err != nil {
		return err
	}
	return c.emit(struct{}{}, func() {
		c.say("The password is changed and every log-in has ended. Log in: paastech login --server %s", api.Server())
	})
}

// newPassword reads a password: the first line of standard input, or twice from the terminal.
func (c *console) newPassword(ctx context.Context, fromStdin bool) (paas.Secret, error) {
	if fromStdin || !c.interactive {
		line, err := c.answer(ctx, c.readLine)
		return paas.Secret(line), err
	}
	first, err := c.askSecret(ctx, "New password")
	if err != nil {
		return "", err
	}
	second, err := c.askSecret(ctx, "Again")
	if err == nil && first != second {
		err = failf(paas.EInvalid, "The two passwords are not the same.")
	}
	return paas.Secret(first), err
}
