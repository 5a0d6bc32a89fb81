package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/wire"
)

func (a *administration) usersCommand() *cobra.Command {
	return newGroup("users", "All accounts", a.createUserCommand(), a.listUsersCommand(), a.showUserCommand(), a.deleteUserCommand(),
		a.adminRightsCommand("grant", "Make an account an administrator's", true), a.adminRightsCommand("revoke", "Take an administrator's rights", false),
		a.userLimitsCommand(), a.userPasswordCommand())
}

func (a *administration) createUserCommand() *cobra.Command {
	var account wire.NewUser
	var fromStdin bool
	cmd := &cobra.Command{
		Use:     "create --username NAME --email ADDRESS",
		Short:   "Make an account; asks for its password",
		Example: "  paastech admin users create --username ada --email ada@example.com --admin",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if account.Username == "" || account.Email == "" {
				return usagef(cmd, "an account needs a name and an address: give --username NAME and --email ADDRESS")
			}
			api, err := a.connect()
			if err != nil {
				return err
			}
			if account.Password, err = a.newPassword(cmd.Context(), fromStdin); err != nil {
				return err
			}
			user, err := api.CreateUser(cmd.Context(), account)
			if err != nil {
				return err
			}
			return a.emit(user, func() { a.say("Account %s made. Log in with: paastech login -e %s", user.Username, user.Email) })
		},
	}
	cmd.Flags().StringVar(&account.Username, "username", "", "name of the account")
	cmd.Flags().StringVar(&account.Email, "email", "", "e-mail address, used to log in")
	cmd.Flags().BoolVar(&account.Admin, "admin", false, "make it an administrator")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

func (a *administration) listUsersCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "List all accounts",
		Example: "  paastech admin users ls",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			users, err := api.Users(cmd.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(users))
			for i, user := range users {
				rows[i] = []string{user.Username, user.Email, strconv.FormatBool(user.IsAdmin), strconv.FormatBool(user.Verified)}
			}
			return a.emit(users, func() { a.table([]string{"USERNAME", "EMAIL", "ADMIN", "CONFIRMED"}, rows) })
		},
	}
}

func (a *administration) showUserCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show USERNAME",
		Short:   "Show an account",
		Example: "  paastech admin users show ada",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			user, err := api.User(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.emit(user, func() { a.showUser(user) })
		},
	}
}

func (a *administration) showUser(user wire.UserDetails) {
	a.facts("Username", user.Username, "E-mail", user.Email, "Confirmed", strconv.FormatBool(user.Verified), "Becomes", user.PendingEmail,
		"Administrator", strconv.FormatBool(user.IsAdmin), "Since", day(user.CreatedAt), "Id", string(user.ID))
	if l := user.Limits; l != nil {
		a.facts("Projects", count(l.Projects), "Memory", sizeOrNone(l.Memory), "Containers", count(l.Containers), "Builds", count(l.Builds), "Disk", sizeOrNone(l.Disk))
	} else {
		a.say("The usual limits hold.")
	}
}

func (a *administration) deleteUserCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "rm USERNAME",
		Short:   "Delete an account with everything of it",
		Example: "  paastech admin users rm ada",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.deleteUser(cmd.Context(), args[0], yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (a *administration) deleteUser(ctx context.Context, username string, yes bool) error {
	api, err := a.connect()
	if err != nil {
		return err
	}
	if !yes {
		deletion, err := api.UserDeletion(ctx, username)
		if err != nil {
			return err
		}
		a.showDeletion("the account "+username, deletion)
		if err := a.confirmByName(ctx, username); err != nil {
			return err
		}
	}
	if err := api.DeleteUser(ctx, username); err != nil {
		return err
	}
	return a.emit(struct{}{}, func() { a.say("The account %s and everything of it is deleted.", username) })
}

func (a *administration) adminRightsCommand(use, short string, admin bool) *cobra.Command {
	return &cobra.Command{
		Use:     use + " USERNAME",
		Short:   short,
		Example: "  paastech admin users " + use + " ada",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := a.connect()
			if err != nil {
				return err
			}
			user, err := api.SetAdmin(cmd.Context(), args[0], admin)
			if err != nil {
				return err
			}
			return a.emit(user, func() {
				if admin {
					a.say("%s is an administrator now.", user.Username)
					return
				}
				a.say("%s is no administrator any more, and logged out.", user.Username)
			})
		},
	}
}

// userPasswordCommand is for platforms without mail, and for an administrator who is locked out.
func (a *administration) userPasswordCommand() *cobra.Command {
	var fromStdin bool
	cmd := &cobra.Command{
		Use:     "password USERNAME",
		Short:   "Give an account a new password and end its sessions; on the host",
		Example: "  paastech admin users password ada",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			local, err := a.onHost()
			if err != nil {
				return err
			}
			password, err := a.newPassword(cmd.Context(), fromStdin)
			if err != nil {
				return err
			}
			if err := local.SetPassword(cmd.Context(), args[0], password); err != nil {
				return err
			}
			return a.emit(struct{}{}, func() { a.say("%s has a new password; all its sessions have ended.", args[0]) })
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}
