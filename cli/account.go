package cli

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) accountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "account",
		Short:   "Show who is logged in, and change the account",
		Example: "  paastech account\n  paastech account --json",
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.showAccount(cmd.Context()) },
	}
	cmd.AddCommand(
		c.accountConfirmCommand(), c.accountResendCommand(), c.accountPasswordCommand(), c.accountResetCommand(),
		c.accountRenameCommand(), c.accountEmailCommand(), c.accountLimitsCommand(), c.accountSessionsCommand(), c.accountDeleteCommand(),
	)
	return cmd
}

func (c *commands) showAccount(ctx context.Context) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	user, err := api.Me(ctx)
	if err != nil {
		return err
	}
	role := ""
	if user.IsAdmin {
		role = "administrator"
	}
	return c.emit(user, func() {
		c.facts("Server", api.Server(), "Username", user.Username, "E-mail", user.Email, "Role", role, "Since", day(user.CreatedAt), "Id", string(user.ID))
	})
}

func (c *commands) accountConfirmCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "confirm TOKEN|LINK",
		Short:   "Confirm an e-mail address by the link mailed there",
		Example: "  paastech account confirm https://paas.example.com/email-verification/TOKEN",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, _, err := c.anonymous()
			if err != nil {
				return err
			}
			user, err := api.Confirm(cmd.Context(), linkToken(args[0]))
			if err != nil {
				return err
			}
			return c.emit(user, func() { c.say("%s is confirmed. Log in: paastech login -e %s", user.Email, user.Email) })
		},
	}
}

func (c *commands) accountResendCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "resend EMAIL",
		Short:   "Ask for the confirmation mail again",
		Example: "  paastech account resend ada@example.com",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, _, err := c.anonymous()
			if err != nil {
				return err
			}
			if err := api.ResendConfirmation(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.emit(struct{}{}, func() { c.say("If an account waits for %s to be confirmed, a mail is on its way.", printable(args[0])) })
		},
	}
}

func (c *commands) accountRenameCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rename USERNAME",
		Short:   "Change your username",
		Example: "  paastech account rename countess",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeProfile(cmd.Context(), wire.ProfileChange{Username: &args[0]}, func(user wire.UserDetails) {
				c.say("You are %s now.", user.Username)
			})
		},
	}
}

func (c *commands) accountEmailCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "email ADDRESS",
		Short:   "Change your e-mail address; a link mailed there confirms it",
		Example: "  paastech account email ada@example.org",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := c.askSecret(cmd.Context(), "Password")
			if err != nil {
				return err
			}
			change := wire.ProfileChange{Email: &args[0], Password: paas.Secret(password)}
			return c.changeProfile(cmd.Context(), change, func(user wire.UserDetails) {
				c.say("Your address stays %s until you open the link that was mailed to the new one.", user.Email)
			})
		},
	}
}

func (c *commands) changeProfile(ctx context.Context, change wire.ProfileChange, done func(wire.UserDetails)) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	user, err := api.ChangeProfile(ctx, change)
	if err != nil {
		return err
	}
	return c.emit(user, func() { done(user) })
}

func (c *commands) accountLimitsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "limits",
		Short:   "Show what your projects may use together, and do",
		Example: "  paastech account limits",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.connect()
			if err != nil {
				return err
			}
			limits, err := api.MyLimits(cmd.Context())
			if err != nil {
				return err
			}
			return c.emit(limits, func() { c.showLimits(limits) })
		},
	}
}

func (c *commands) accountDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete",
		Short:   "Delete your account with everything of it",
		Long:    "Delete your account with everything of it. The username has to be typed to confirm that, then the\npassword; where nobody can be asked they are read from standard input.",
		Example: "  paastech account delete",
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.deleteAccount(cmd.Context(), yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "ask for nothing but the password")
	return cmd
}

func (c *commands) deleteAccount(ctx context.Context, yes bool) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	user, err := api.Me(ctx)
	if err != nil {
		return err
	}
	if !yes {
		if err := c.confirmAccountDeletion(ctx, api, user); err != nil {
			return err
		}
	}
	password, err := c.askSecret(ctx, "Password")
	if err != nil {
		return err
	}
	if err := api.DeleteAccount(ctx, paas.Secret(password)); err != nil {
		return err
	}
	if err := c.forget(api.Server()); err != nil {
		return err
	}
	return c.emit(user, func() { c.say("The account %s and everything of it is deleted.", user.Username) })
}

func (c *commands) confirmAccountDeletion(ctx context.Context, api *client.Client, user wire.User) error {
	deletion, err := api.MyDeletion(ctx)
	if err != nil {
		return err
	}
	c.showDeletion("your account "+user.Username, deletion)
	return c.confirmByName(ctx, user.Username)
}

// forget drops a log-in that ended; one of the environment is not ours to drop.
func (c *commands) forget(server string) error {
	if os.Getenv("PAASTECH_TOKEN") != "" {
		return nil
	}
	known, err := readSessions()
	if err != nil {
		return err
	}
	delete(known.Servers, server)
	return known.write()
}

// confirmByName lets a deletion happen only after the name of what goes was typed.
func (c *console) confirmByName(ctx context.Context, name string) error {
	typed, err := c.ask(ctx, "Type its name ("+name+") to delete it")
	if err != nil {
		return err
	}
	if strings.TrimSpace(typed) != name {
		return failf(eNotConfirmed, "Nothing was deleted: %s was not typed. --yes deletes without asking.", name)
	}
	return nil
}
