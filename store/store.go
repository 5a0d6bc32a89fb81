// Package store keeps what the platform decided: in SQLite by default, in PostgreSQL when a URL says
// so. It is paas.Store; gorm and the two databases are known here and nowhere else.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Options say which database to open.
type Options struct {
	URL     string // postgres://…; empty means SQLite in DataDir
	DataDir string // holds paastech.db; made when it is not there
}

// Store is an open database. SQLite has one connection that writes and several that read beside it;
// with PostgreSQL both are the same pool.
type Store struct {
	writer *gorm.DB
	reader *gorm.DB
}

var _ paas.Store = (*Store)(nil)

// Open connects, brings the tables up to date and returns the store. It fails when the database
// does not answer, or was written by a newer version of the program.
func Open(ctx context.Context, options Options) (*Store, error) {
	store, err := connect(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, store.writer); err != nil {
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

// read begins a query outside of any transaction.
func (s *Store) read(ctx context.Context) *gorm.DB { return s.reader.WithContext(ctx) }

// write runs change in one transaction. With SQLite it holds the only writing connection: change
// must use what it is given and never call the store.
func (s *Store) write(ctx context.Context, what string, change func(tx *gorm.DB) error) error {
	return translate(what, s.writer.WithContext(ctx).Transaction(change))
}

// open wraps a pool of connections. gorm's own log is off: it would print values, secrets among them.
func open(ctx context.Context, dialector gorm.Dialector) (*gorm.DB, error) {
	db, err := gorm.Open(dialector, &gorm.Config{
		Logger:                 logger.Discard,
		SkipDefaultTransaction: true, // single statements are transactions already
		DisableAutomaticPing:   true,
	})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

func limitPool(db *gorm.DB, connections int) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return nil
}

func closePool(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	if err := pool.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
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
