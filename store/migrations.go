package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// migration is one step of the schema; what was released is never edited, only followed by another.
type migration struct {
	version    int
	statements []string // in the SQL that both databases share
	sqlite     []string // then those of one of them
	postgres   []string
	convert    func(tx *gorm.DB, keys *keyring, from int) error // last, what SQL cannot do, given the schema before; may be nil
}

// firstSealedSchema is the first with encrypted values.
const firstSealedSchema = 2

// appliedMigration remembers a step that was taken.
type appliedMigration struct {
	Version   int `gorm:"primaryKey;autoIncrement:false"`
	AppliedAt time.Time
}

func (appliedMigration) TableName() string { return "migrations" }

const createMigrations = `CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, applied_at timestamp NOT NULL)`

// migrationLock is PostgreSQL's advisory lock under which one program at a time migrates.
const migrationLock = 0x70616173

// migrate takes every step that was not taken yet, all in one transaction.
func migrate(ctx context.Context, db *gorm.DB, keys *keyring) error {
	err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := lockMigrations(tx); err != nil {
			return err
		}
		if err := tx.Exec(createMigrations).Error; err != nil {
			return err
		}
		version, err := schemaVersion(tx)
		if err != nil {
			return err
		}
		for _, step := range migrations() {
			if step.version <= version {
				continue
			}
			if err := step.take(tx, keys, version); err != nil {
				return fmt.Errorf("schema %d: %w", step.version, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

func lockMigrations(tx *gorm.DB) error {
	if !onPostgres(tx) {
		return nil // the immediate transaction is the lock
	}
	return tx.Exec("SELECT pg_advisory_xact_lock(?)", migrationLock).Error
}

func (m migration) take(tx *gorm.DB, keys *keyring, from int) error {
	own := m.sqlite
	if onPostgres(tx) {
		own = m.postgres
	}
	for _, statement := range slices.Concat(m.statements, own) {
		if err := tx.Exec(statement).Error; err != nil {
			return err
		}
	}
	if m.convert != nil {
		if err := m.convert(tx, keys, from); err != nil {
			return err
		}
	}
	return tx.Create(&appliedMigration{Version: m.version, AppliedAt: stored(time.Now())}).Error
}

// knownVersion is the schema of a database that may be empty (0). One that a newer program wrote is an error.
func knownVersion(db *gorm.DB) (int, error) {
	tables := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migrations'"
	if onPostgres(db) {
		tables = "SELECT count(to_regclass('migrations'))"
	}
	var found int
	if err := db.Raw(tables).Scan(&found).Error; err != nil || found == 0 {
		return 0, translate("look for tables", err)
	}
	version, err := schemaVersion(db)
	if err != nil {
		return 0, translate("read schema version", err)
	}
	if newest := newestSchema(); version > newest {
		return 0, fmt.Errorf("the database has schema %d and this program knows %d: it was written by a newer paastech; install that one or restore a backup", version, newest)
	}
	return version, nil
}

func newestSchema() int {
	steps := migrations()
	return steps[len(steps)-1].version
}

// schemaVersion is the newest step that was taken, 0 when there is none.
func schemaVersion(db *gorm.DB) (int, error) {
	var newest appliedMigration
	err := db.Order(clause.OrderByColumn{Column: clause.Column{Name: "version"}, Desc: true}).Take(&newest).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return 0, nil
	}
	return newest.Version, err
}
