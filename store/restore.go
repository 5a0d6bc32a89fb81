package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paastech-cloud/paastech/paas"
)

// Restore puts a copy that Backup wrote in the place of the SQLite database. Nobody may have that open.
func Restore(options Options, file string) error {
	if options.URL != "" {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "The database is PostgreSQL: restore it with pg_restore.")
	}
	path, err := filepath.Abs(filepath.Join(options.DataDir, databaseFile))
	if err != nil {
		return err
	}
	// The log of the database that goes would be taken for one of the database that comes.
	for _, rest := range []string{path + "-wal", path + "-shm"} {
		if err := os.Remove(rest); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("restore database: %w", err)
		}
	}
	if err := intoPlace(path, func(temporary string) error { return copyDurably(file, temporary) }); err != nil {
		return fmt.Errorf("restore database: %w", err)
	}
	return nil
}

// copyDurably makes a private copy of a file.
func copyDurably(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}
