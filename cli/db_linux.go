package cli

import (
	"context"
	"net/url"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/store"
)

// dbCommand is what concerns the database itself, on the host.
func (h *host) dbCommand() *cobra.Command {
	return h.withConfigFlag(newGroup("db", "The platform's database: back it up, move it to PostgreSQL", h.backupCommand(), h.moveCommand()))
}

func (h *host) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "backup FILE",
		Short:   "Write a whole copy of the database to a new SQLite file; the daemon may be running",
		Example: "  paastech db backup /var/backups/paastech.db",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := h.config()
			if err != nil {
				return err
			}
			options := storeOptions(config)
			if err := store.Backup(cmd.Context(), options, args[0]); err != nil {
				return err
			}
			key := filepath.Join(options.DataDir, "data.key")
			return h.emit(map[string]string{"file": args[0], "key": key}, func() {
				h.say("The database is in %s.", args[0])
				h.note("Its variables and mails are encrypted with %s: keep a copy of that, too, but in another place. One is of no use without the other.", key)
			})
		},
	}
}

func (h *host) moveCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:     "move --to postgres://USER@HOST/DATABASE",
		Example: "  paastech db move --to postgres://paastech@db.example.com/paastech",
		Short:   "Copy the SQLite database into an empty PostgreSQL one, every row checked; the daemon has to be stopped",
		Long: "Copy the SQLite database into an empty PostgreSQL one. All rows are written in one transaction and read back before it is kept. The SQLite file stays as it is.\n\n" +
			"Other users of this host see the arguments of a command: a password is better given in the environment (PGPASSWORD) or in ~/.pgpass.",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return usagef(cmd, "where to? Give --to postgres://USER@HOST/DATABASE")
			}
			return h.moveDatabase(cmd.Context(), to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "address of an empty PostgreSQL database")
	return cmd
}

// moveDatabase holds the data directory's lock, so that no daemon writes meanwhile.
func (h *host) moveDatabase(ctx context.Context, to string) error {
	config, err := h.config()
	if err != nil {
		return err
	}
	if config.Database.URL != "" {
		return failf(paas.EInvalid, "database.url names a PostgreSQL database already: there is nothing to move.")
	}
	log, err := newLog(config.Log, h.stderr)
	if err != nil {
		return err
	}
	data, err := openDataDir(config.DataDir)
	if err != nil {
		return err
	}
	defer data.Close()
	from, target := storeOptions(config), store.Options{URL: to, Log: log}
	from.Log = log
	if err := store.Move(ctx, from, target, func(line string) { h.note("%s", line) }); err != nil {
		return err
	}
	address := withoutPassword(to)
	return h.emit(map[string]string{"url": address}, func() {
		h.say("The database has been moved. Set this in the configuration (with the password, if it has one), then start `paastech serve`:\n\ndatabase:\n  url: %q\n", address)
		h.note("data.key in %s stays where it is and is still needed. The old database is there as it was: remove it when all is well.", config.DataDir)
	})
}

func storeOptions(config Config) store.Options {
	return store.Options{URL: config.Database.URL, DataDir: config.DataDir}
}

// withoutPassword is a database's address as it may be shown.
func withoutPassword(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "postgres://…"
	}
	if parsed.User != nil {
		parsed.User = url.User(parsed.User.Username())
	}
	query := parsed.Query()
	for _, secret := range []string{"password", "sslpassword"} { // where libpq takes them, too
		query.Del(secret)
	}
	parsed.RawQuery = query.Encode()
	return parsed.String()
}
