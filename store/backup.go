package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// Backup writes a whole copy of the database to a new SQLite file, while the daemon goes on working on it;
// PostgreSQL's too, as it is at one moment. The key file is not in it and belongs to it.
func Backup(ctx context.Context, options Options, file string) (err error) {
	if file, err = filepath.Abs(file); err != nil {
		return err
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
	copyTo := copySQLite
	if options.URL != "" {
		copyTo = copyPostgres
	}
	err = intoPlace(file, func(temporary string) error { return copyTo(ctx, options, temporary) })
	if err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	return nil
}

func copySQLite(ctx context.Context, options Options, file string) error {
	path, err := filepath.Abs(filepath.Join(options.DataDir, databaseFile))
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := openFile(ctx, path)
	if err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	return errors.Join(vacuumInto(ctx, db, file), closePool(db))
}

// copyPostgres copies every row, as it is in one transaction, and compares it with what came of it.
func copyPostgres(ctx context.Context, options Options, file string) (err error) {
	source, err := Open(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	dir := filepath.Dir(file)
	target, err := Open(ctx, Options{DataDir: dir, KeyFile: source.keyFile, Log: options.Log})
	if err != nil {
		return err
	}
	err = source.reader.WithContext(ctx).Transaction(func(from *gorm.DB) error {
		return target.write(ctx, "copy database", func(to *gorm.DB) error { return moveTables(from, to, func(string) {}) })
	}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err = errors.Join(err, target.Close()); err != nil {
		return err
	}
	return os.Rename(filepath.Join(dir, databaseFile), file)
}

// intoPlace lets write make a file, and puts it under its name when it is whole.
func intoPlace(path string, write func(temporary string) error) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	temporary := filepath.Join(dir, filepath.Base(path))
	if err := write(temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
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
