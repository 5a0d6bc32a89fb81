package cli

import (
	"context"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/deployer"
	"github.com/paastech-cloud/paastech/paas"
)

// adminCommand is what only someone on the host itself can do: it speaks to the daemon over the
// socket in its data directory, which only the daemon's user can open.
func (h *host) adminCommand() *cobra.Command {
	users := newGroup("users", "Accounts, made and mended on the host", h.createUserCommand(), h.passwordCommand(), h.listUsersCommand())
	return h.withConfigFlag(newGroup("admin", "Administer the platform from its own host", users, h.purgeCommand()))
}

// local is the way to the daemon of this host.
func (h *host) local() (*client.Local, error) {
	config, err := h.config()
	if err != nil {
		return nil, err
	}
	path := socketPath(config.DataDir)
	if _, err := os.Stat(path); err != nil {
		return nil, failf(paas.EUnavailable, "No daemon serves %s: start `paastech serve`, or name its data directory (PAASTECH_DATADIR) or --config.", config.DataDir)
	}
	return client.NewLocal(path), nil
}

func (h *host) createUserCommand() *cobra.Command {
	var account wire.NewUser
	var fromStdin bool
	cmd := &cobra.Command{
		Use:   "create --username NAME --email ADDRESS",
		Short: "Make an account; asks for its password",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			local, err := h.local()
			if err != nil {
				return err
			}
			if account.Password, err = h.newPassword(cmd.Context(), fromStdin); err != nil {
				return err
			}
			user, err := local.CreateUser(cmd.Context(), account)
			if err != nil {
				return err
			}
			return h.emit(user, func() { h.say("Account %s made. Log in with: paastech login -e %s", user.Username, user.Email) })
		},
	}
	cmd.Flags().StringVar(&account.Username, "username", "", "name of the account")
	cmd.Flags().StringVar(&account.Email, "email", "", "e-mail address, used to log in")
	cmd.Flags().BoolVar(&account.Admin, "admin", false, "make it an administrator")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	cmd.MarkFlagsRequiredTogether("username", "email")
	return cmd
}

func (h *host) passwordCommand() *cobra.Command {
	var fromStdin bool
	cmd := &cobra.Command{
		Use:   "password USERNAME",
		Short: "Give an account a new password and end its sessions",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			local, err := h.local()
			if err != nil {
				return err
			}
			password, err := h.newPassword(cmd.Context(), fromStdin)
			if err != nil {
				return err
			}
			if err := local.SetPassword(cmd.Context(), args[0], password); err != nil {
				return err
			}
			return h.emit(struct{}{}, func() { h.say("%s has a new password; all its sessions have ended.", args[0]) })
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

func (h *host) listUsersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List all accounts",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			local, err := h.local()
			if err != nil {
				return err
			}
			users, err := local.Users(cmd.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(users))
			for i, user := range users {
				rows[i] = []string{user.Username, user.Email, strconv.FormatBool(user.IsAdmin)}
			}
			return h.emit(users, func() { h.table([]string{"USERNAME", "EMAIL", "ADMIN"}, rows) })
		},
	}
}

// purgeCommand takes the installation out of the engine; the data directory stays.
func (h *host) purgeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "purge --yes",
		Short: "Remove every container, network, volume and packet filter of this installation; keeps the data directory",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return failf(eNotConfirmed, "This ends every application of this installation. Their source, configuration and images stay, and the next `paastech serve` starts them again. Say --yes to do it.")
			}
			return h.purge(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "really do it")
	return cmd
}

func (h *host) purge(ctx context.Context) error {
	config, err := h.config()
	if err != nil {
		return err
	}
	data, err := openDataDir(config.DataDir)
	if err != nil {
		return err
	}
	defer data.Close()
	options, err := engineOptions(config, data.instance)
	if err != nil {
		return err
	}
	engine, err := deployer.New(ctx, options)
	if err != nil {
		return err
	}
	return engine.RemoveAll(ctx)
}
