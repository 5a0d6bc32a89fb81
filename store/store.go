// Package store keeps what the platform decided: in SQLite by default, in PostgreSQL when a URL says
// so. It is paas.Store; gorm and the two databases are known here and nowhere else.
package store

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// Options say which database to open.
type Options struct {
	URL     string       // postgres://…; empty means SQLite in DataDir
	DataDir string       // holds paastech.db and data.key; made when it is not there
	KeyFile string       // what values are encrypted with at rest; default data.key in DataDir
	Log     *slog.Logger // told what happens to the database's files; nil tells nobody
}

func (o Options) keyFile() (string, error) {
	switch {
	case o.KeyFile != "":
		return o.KeyFile, nil
	case o.DataDir == "":
		return "", errors.New("the store needs a data directory, or a key file")
	}
	return filepath.Join(o.DataDir, "data.key"), nil
}

func (o Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// Store is an open database. SQLite has one connection that writes and several that read beside it;
// with PostgreSQL both are the same pool.
type Store struct {
	writer *gorm.DB
	reader *gorm.DB
	path   string // of SQLite's file

	keyFile  string
	keys     atomic.Pointer[keyring]
	writing  sync.RWMutex // held for reading by every write, so that a rotation knows when none uses the old keys
	rotating sync.Mutex   // one rotation at a time

	generation atomic.Uint64
	sessions   answers[paas.SessionID, paas.Session]
	tokens     answers[paas.TokenHash, paas.APIToken]
	projects   memory[paas.UserID, []paas.Project]
	latest     memory[paas.ProjectID, latest]
}

var _ paas.Store = (*Store)(nil)

// Open connects, brings the tables up to date and returns the store. It fails when the database
// does not answer, was written by a newer version of the program, or when the key file does not fit.
func Open(ctx context.Context, options Options) (*Store, error) {
	store, err := connect(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := store.prepare(ctx, options); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

func connect(ctx context.Context, options Options) (*Store, error) {
	switch {
	case options.URL == "":
		return openSQLite(ctx, options.DataDir)
	case isPostgres(options.URL):
		return openPostgres(ctx, options.URL)
	}
	return nil, paas.InvalidField("database.url", "The address of a database begins with postgres://; leave it empty for SQLite in the data directory.")
}

// prepare reads the keys and brings the tables up to date.
func (s *Store) prepare(ctx context.Context, options Options) (err error) {
	version, err := knownVersion(s.writer.WithContext(ctx))
	if err != nil {
		return err
	}
	if s.keyFile, err = options.keyFile(); err != nil {
		return err
	}
	keys, err := openKeys(s.keyFile, func() (bool, error) { return s.holdsSealed(ctx, version) })
	if err != nil {
		return err
	}
	s.keys.Store(keys)
	if err := s.copyBefore(ctx, version, options.log()); err != nil {
		return err
	}
	if err := migrate(ctx, s.writer, keys); err != nil {
		return err
	}
	if err := s.sweep(ctx, options.log()); err != nil {
		return err
	}
	return s.tryKeys(ctx)
}

// Close ends all connections.
func (s *Store) Close() error {
	err := closePool(s.writer)
	if s.reader != s.writer {
		err = errors.Join(closePool(s.reader), err)
	}
	return err
}

// Ping reads from the database.
func (s *Store) Ping(ctx context.Context) error {
	_, err := schemaVersion(s.reader.WithContext(ctx))
	return translate("ping database", err)
}

// Generation counts the writes of this Store.
func (s *Store) Generation() uint64 { return s.generation.Load() }

// read begins a query outside of any transaction.
func (s *Store) read(ctx context.Context) *gorm.DB { return s.reader.WithContext(ctx) }

// write runs change in one transaction; it and record are the only roads for writes. With SQLite it holds the only
// writing connection: change must use what it is given and never call the store. The generation
// grows after the commit and before write returns, whatever came of it: a commit whose answer was
// lost may have happened.
func (s *Store) write(ctx context.Context, what string, change func(tx *gorm.DB) error) error {
	s.writing.RLock()
	defer s.writing.RUnlock()
	defer s.generation.Add(1)
	return translate(what, s.writer.WithContext(ctx).Transaction(change))
}

// record is write for what nobody keeps an answer of: the generation stays.
func (s *Store) record(ctx context.Context, what string, change func(tx *gorm.DB) error) error {
	s.writing.RLock()
	defer s.writing.RUnlock()
	return translate(what, s.writer.WithContext(ctx).Transaction(change))
}

// mustChange makes a write that met no row the same error as a read that finds none.
func mustChange(written *gorm.DB) error {
	if written.Error == nil && written.RowsAffected == 0 {
		return gorm.ErrRecordNotFound
	}
	return written.Error
}

// locked keeps the rows of a table that a query meets from other writers until the transaction
// ends; new rows may refer to them meanwhile. SQLite, whose transactions exclude each other, leaves it out.
func locked(tx *gorm.DB, table string) *gorm.DB {
	return tx.Clauses(lockRows(table))
}

// stored is a time as both databases keep it: UTC, in microseconds, without a monotonic reading.
func stored(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

func storedOptional(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	utc := stored(*at)
	return &utc
}

func convert[Row, Noun any](rows []Row, noun func(Row) Noun) []Noun {
	nouns := make([]Noun, len(rows))
	for i, row := range rows {
		nouns[i] = noun(row)
	}
	return nouns
}

// decrypt converts rows that hold sealed values.
func decrypt[Row, Noun any](rows []Row, noun func(Row) (Noun, error)) ([]Noun, error) {
	nouns := make([]Noun, len(rows))
	for i, row := range rows {
		var err error
		if nouns[i], err = noun(row); err != nil {
			return nil, err
		}
	}
	return nouns, nil
}
