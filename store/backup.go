package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/glebarez/sqlite"
	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// Backup writes a whole copy of the SQLite database to a new file, while the daemon goes on working
// on it. The key file is not in it and belongs to it.
func Backup(ctx context.Context, options Options, file string) (err error) {
	if options.URL != "" {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "The database is PostgreSQL: back it up with pg_dump. The key file belongs with it.")
	}
	path, err := filepath.Abs(filepath.Join(options.DataDir, databaseFile))
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	// The name is taken first, so that nothing is ever overwritten; a backup that was interrupted is an empty file.
	reserved, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return paas.Errorf(paas.Conflict, paas.ETaken, "%s exists already: a backup overwrites nothing. Choose another name.", file)
	}
	if err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file))
		}
	}()
	if err := reserved.Close(); err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	db, err := open(ctx, sqlite.Open(dataSource(path)))
	if err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, closePool(db)) }()
	return backupInto(ctx, db, file)
}

func backupInto(ctx context.Context, db *gorm.DB, file string) error {
	temporary, err := os.MkdirTemp(filepath.Dir(file), ".backup-*")
	if err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	defer os.RemoveAll(temporary)
	copied := filepath.Join(temporary, databaseFile)
	if err := vacuumInto(ctx, db, copied); err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	if err := os.Rename(copied, file); err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	return syncDir(filepath.Dir(file))
}

// vacuumInto writes a copy of the database to a new file that nobody else can read, durably.
func vacuumInto(ctx context.Context, db *gorm.DB, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = db.WithContext(ctx).Exec("VACUUM INTO ?", path).Error
	return errors.Join(err, file.Sync(), file.Close())
}
