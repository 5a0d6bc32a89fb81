package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
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
		Use:   "create --username NAME --email ADDRESS",
		Short: "Make an account; asks for its password",
		Args:  arguments(cobra.NoArgs),
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
		Use:   "ls",
		Short: "List all accounts",
		Args:  arguments(cobra.NoArgs),
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
		Use:   "show USERNAME",
		Short: "Show an account",
		Args:  arguments(cobra.ExactArgs(1)),
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
		Use:   "rm USERNAME",
		Short: "Delete an account with everything of it",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.deleteUser(cmd.Context(), args[0], yes) },
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
		Use:   use + " USERNAME",
		Short: short,
		Args:  arguments(cobra.ExactArgs(1)),
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
		Use:   "password USERNAME",
		Short: "Give an account a new password and end its sessions; on the host",
		Args:  arguments(cobra.ExactArgs(1)),
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

func (a *administration) userLimitsCommand() *cobra.Command {
	var projects, containers, builds int
	var memory, disk string
	var usual bool
	cmd := &cobra.Command{
		Use:     "limits USERNAME",
		Short:   "Show a user's limits, or set some; 0 is no bound",
		Example: "  paastech admin users limits ada --projects 20 --memory 4GiB\n  paastech admin users limits ada --usual",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.setLimits(cmd, args[0], usual, func(limits *paas.UserLimits) (err error) {
				set := cmd.Flags().Changed
				for name, field := range map[string]*int{"projects": &limits.Projects, "containers": &limits.Containers, "builds": &limits.Builds} {
					if set(name) {
						*field, _ = cmd.Flags().GetInt(name)
					}
				}
				if set("memory") {
					if limits.Memory, err = bound("--memory", memory); err != nil {
						return usagef(cmd, "%s", err)
					}
				}
				if set("disk") {
					if limits.Disk, err = bound("--disk", disk); err != nil {
						return usagef(cmd, "%s", err)
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&projects, "projects", 0, "how many projects")
	cmd.Flags().StringVar(&memory, "memory", "", "memory of the running containers together, like 4GiB")
	cmd.Flags().IntVar(&containers, "containers", 0, "how many running containers")
	cmd.Flags().IntVar(&builds, "builds", 0, "how many builds at a time")
	cmd.Flags().StringVar(&disk, "disk", "", "disk of all projects together, like 20GiB")
	cmd.Flags().BoolVar(&usual, "usual", false, "back to the usual limits")
	return cmd
}

// setLimits changes what flags name; the others stay, and without flags it shows them.
func (a *administration) setLimits(cmd *cobra.Command, username string, usual bool, change func(*paas.UserLimits) error) error {
	api, err := a.connect()
	if err != nil {
		return err
	}
	user, err := api.User(cmd.Context(), username)
	if err != nil {
		return err
	}
	var limits *paas.UserLimits
	if !usual {
		limits = &paas.UserLimits{}
		if user.Limits != nil {
			*limits = *user.Limits
		}
		if err := change(limits); err != nil {
			return err
		}
	}
	if usual || cmd.Flags().Changed("projects") || cmd.Flags().Changed("memory") || cmd.Flags().Changed("containers") || cmd.Flags().Changed("builds") || cmd.Flags().Changed("disk") {
		if user, err = api.SetLimits(cmd.Context(), username, limits); err != nil {
			return err
		}
	}
	return a.emit(user, func() { a.showUser(user) })
}
