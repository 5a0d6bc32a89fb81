package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/backup"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/store"
)

func (h *host) backupAllCommand() *cobra.Command {
	var recipients []string
	cmd := &cobra.Command{
		Use:   "backup FILE|DIRECTORY",
		Short: "Write everything of this installation into one encrypted file; the daemon may be running",
		Long: "Write everything of this installation into one encrypted file: database, repositories, the images of what is live, volumes, certificates, keys and configuration. The daemon may be running. Before the file has its name it is restored into a scratch directory and checked; it takes as much room in the data directory as what is backed up, for a while.\n\n" +
			"It is encrypted for the recipients that the configuration names (backup.recipients) or that are given: what `paastech backup key` printed, or an SSH public key. Only their keys open it.\n\n" +
			"What applications wrote to their logs is not in it.",
		Example: "  paastech backup /var/backups\n  paastech backup /var/backups/today.paastech --recipient age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return h.backup(cmd.Context(), args[0], recipients)
		},
	}
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil, "whom it is for, instead of backup.recipients; may be given again")
	cmd.AddCommand(h.backupKeyCommand(), h.backupVerifyCommand())
	return h.withConfigFlag(cmd)
}

func (h *host) backup(ctx context.Context, place string, recipients []string) error {
	request, err := h.backupRequest(recipients)
	if err != nil {
		return err
	}
	file := place
	if info, err := os.Stat(place); err == nil && info.IsDir() {
		file = filepath.Join(place, backupName(time.Now()))
	}
	began := time.Now()
	manifest, err := writeBackup(ctx, request, file)
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return h.emit(map[string]any{"file": file, "bytes": info.Size(), "files": len(manifest.Files)}, func() {
		h.say("%s: %s, of %s in %d files, restored once to see that it can be, in %s.", file, bytesText(info.Size()), bytesText(manifest.Bytes), len(manifest.Files), time.Since(began).Round(time.Second/10))
	})
}

// backupRequest is for the recipients that are given, else for those of the configuration.
func (h *host) backupRequest(recipients []string) (backupRequest, error) {
	config, err := h.config()
	if err != nil {
		return backupRequest{}, err
	}
	if len(recipients) == 0 {
		recipients = config.Backup.Recipients
	}
	if len(recipients) == 0 {
		return backupRequest{}, failf(paas.EInvalid, "Whom is the backup for? Give --recipient, or backup.recipients in the configuration: an SSH public key, or what `paastech backup key` prints.")
	}
	request := backupRequest{config: config, configFile: h.configFile(), version: h.program.Version}
	request.recipients, err = backup.Recipients(recipients)
	return request, err
}

// configFile is the one that is read; empty: there is none.
func (h *host) configFile() string {
	if h.configFlag != "" {
		return h.configFlag
	}
	if _, err := os.Stat(installedConfig); err != nil {
		return ""
	}
	return installedConfig
}

func (h *host) backupKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "key",
		Short:   "Make a key that opens backups, and what backups are encrypted for it with",
		Example: "  paastech backup key > backup.key",
		Args:    arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			key, recipient, err := backup.NewKey()
			if err != nil {
				return err
			}
			return h.emit(map[string]string{"key": key, "recipient": recipient}, func() {
				h.say("# Opens backups for %s: keep it away from this host.\n%s", recipient, key)
				h.note("Backups are for it with --recipient %s, or that below backup.recipients in the configuration. Whoever can read the key reads every backup.", recipient)
			})
		},
	}
}

func (h *host) backupVerifyCommand() *cobra.Command {
	var key, scratch string
	cmd := &cobra.Command{
		Use:     "verify FILE --key FILE",
		Short:   "Restore a backup into a scratch directory and see whether all of it is sound",
		Example: "  paastech backup verify /var/backups/paastech-20261127T030000Z.paastech --key backup.key",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			identities, err := h.identities(cmd, key)
			if err != nil {
				return err
			}
			dir, err := os.MkdirTemp(scratch, "paastech-verify-*")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			from, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer from.Close()
			manifest, err := restoreBackup(cmd.Context(), from, identities, filepath.Join(dir, "restored"))
			if err != nil {
				return refusedBackup(args[0], err)
			}
			return h.emit(manifest, func() {
				h.say("%s is sound: %d files of %s, written by %s on %s at %s.", args[0], len(manifest.Files), bytesText(manifest.Bytes), manifest.Version, manifest.Host, manifest.At.Format(time.RFC3339))
			})
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file with the key that opens it; - for standard input")
	cmd.Flags().StringVar(&scratch, "scratch", "", "directory with room for all of it (default: the system's for temporary files)")
	return cmd
}

func (h *host) identities(cmd *cobra.Command, key string) ([]backup.Identity, error) {
	if key == "" {
		return nil, usagef(cmd, "which key opens it? Give --key FILE")
	}
	var content []byte
	var err error
	if key == "-" {
		content, err = io.ReadAll(h.stdin)
	} else {
		content, err = os.ReadFile(key)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	return backup.Identities(content)
}

func refusedBackup(file string, err error) error {
	return failf(paas.EInvalid, "%s is refused: %s.", file, err)
}

func (h *host) restoreCommand() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "restore FILE --key FILE",
		Short: "Bring an installation back from a backup, on a host that has none",
		Long: "Bring an installation back from a backup, on a host that has none. The data directory must not be there yet, or be empty; the configuration is written to " + installedConfig + " when that is not there. Nothing is left of a backup that is damaged.\n\n" +
			"Then `paastech install`, or `paastech serve`, starts every application as it was.",
		Example: "  paastech restore paastech-20261127T030000Z.paastech --key backup.key",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			identities, err := h.identities(cmd, key)
			if err != nil {
				return err
			}
			return h.restore(cmd.Context(), args[0], identities)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file with the key that opens it; - for standard input")
	return h.withConfigFlag(cmd)
}

func (h *host) restore(ctx context.Context, file string, identities []backup.Identity) error {
	config, written, err := h.restoredConfig(file, identities)
	if err != nil {
		return err
	}
	if err := mustBeEmpty(config.DataDir); err != nil {
		return err
	}
	above := filepath.Dir(config.DataDir)
	if err := os.MkdirAll(above, 0o755); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	scratch, err := os.MkdirTemp(above, ".restore-*")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(scratch)
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	manifest, err := restoreBackup(ctx, from, identities, filepath.Join(scratch, "all"))
	if err != nil {
		return refusedBackup(file, err)
	}
	if err := os.Remove(config.DataDir); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Rename(filepath.Join(scratch, "all", backupData), config.DataDir); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := syncDir(above); err != nil {
		return err
	}
	if err := h.putIntoPlace(ctx, config, written); err != nil {
		return err
	}
	return h.emit(map[string]string{"data": config.DataDir, "at": manifest.At.Format(time.RFC3339)}, func() {
		h.say("%s is as it was on %s at %s. Start it: paastech install (or paastech serve).", config.DataDir, manifest.Host, manifest.At.Format(time.RFC3339))
	})
}

// putIntoPlace gives the rest of the host what belongs to a restored data directory.
func (h *host) putIntoPlace(ctx context.Context, config Config, written []byte) error {
	if written != nil {
		if err := os.MkdirAll(filepath.Dir(installedConfig), 0o755); err != nil {
			return err
		}
		if err := writeDurably(installedConfig, written); err != nil {
			return err
		}
	}
	if config.Database.URL == "" {
		return nil
	}
	log, err := newLog(config.Log, h.stderr)
	if err != nil {
		return err
	}
	from, to := store.Options{DataDir: config.DataDir, Log: log}, store.Options{URL: config.Database.URL, Log: log}
	return store.Move(ctx, from, to, func(line string) { h.note("%s", line) })
}

// restoredConfig is this host's configuration when it has one, else that of the backup, which is then to be written.
func (h *host) restoredConfig(file string, identities []backup.Identity) (config Config, written []byte, err error) {
	if h.configFile() != "" {
		config, err = h.config()
		return config, nil, err
	}
	from, err := os.Open(file)
	if err != nil {
		return config, nil, err
	}
	defer from.Close()
	first := errors.New("the first file is all that is asked for")
	_, err = backup.Read(from, identities, func(entry backup.File, data io.Reader) error {
		if entry.Name == backupConfig {
			if written, err = io.ReadAll(data); err != nil {
				return err
			}
		}
		return first
	})
	if !errors.Is(err, first) {
		return config, nil, refusedBackup(file, err)
	}
	config = defaults()
	if err := decodeConfig(written, installedConfig, &config); err != nil {
		return config, nil, err
	}
	if err := loadEnvironment(os.Environ(), &config); err != nil {
		return config, nil, err
	}
	config.DataDir, err = filepath.Abs(config.DataDir)
	return config, written, err
}

func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		err = failf(paas.EConflict, "%s is not empty: a backup is restored beside nothing else. Move it away, or name another place with dataDir (PAASTECH_DATADIR).", dir)
	}
	return err
}
