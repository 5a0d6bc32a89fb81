package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// databaseFile is the SQLite database's name inside the data directory.
const databaseFile = "paastech.db"

// readers is how many connections read beside the one that writes; each may cache 2 MB.
const readers = 4

// openSQLite opens the file with one pool that writes and one that only reads.
func openSQLite(ctx context.Context, dir string) (*Store, error) {
	path, err := makeDatabaseFile(dir)
	if err != nil {
		return nil, fmt.Errorf("make database file: %w", err)
	}
	writer, err := openFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	reader, err := openFile(ctx, path, "query_only(1)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), closePool(writer))
	}
	return &Store{writer: writer, reader: reader, path: path}, errors.Join(limitPool(writer, 1), limitPool(reader, readers))
}

// makeDatabaseFile sees to it that nobody else can read the database; SQLite gives the files it
// makes beside it the same mode.
func makeDatabaseFile(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path, err := filepath.Abs(filepath.Join(dir, databaseFile))
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	return path, errors.Join(file.Chmod(fs.FileMode(0o600)), file.Close())
}

// openFile opens a pool of connections to a file that is there.
func openFile(ctx context.Context, path string, pragmas ...string) (db *gorm.DB, err error) {
	err = untilFree(ctx, func() error {
		db, err = open(ctx, sqlite.Open(dataSource(path, pragmas...)))
		return err
	})
	return db, err
}

// How long a locked file is waited for where SQLite itself does not wait (busy_timeout does not cover
// the change to the write-ahead log, its removal by who closes last, and two checkpoints at once).
const (
	freeWait  = 10 * time.Second
	freeEvery = 20 * time.Millisecond
)

// untilFree tries again while somebody else has the file locked.
func untilFree(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, freeWait)
	defer cancel()
	again := time.NewTicker(freeEvery)
	defer again.Stop()
	for {
		err := try()
		if !paas.IsKind(translate("", err), paas.Unavailable) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// dataSource is the driver's name for the file. The driver skips _txlock when _time_format is there
// too, so that one may not be added.
func dataSource(path string, pragmas ...string) string {
	pragmas = append([]string{
		"busy_timeout(10000)",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"secure_delete(1)", // what was removed or overwritten does not stay in free pages
	}, pragmas...)
	query := url.Values{"_txlock": {"immediate"}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}
