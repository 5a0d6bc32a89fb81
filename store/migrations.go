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
	statements []string
}

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
func migrate(ctx context.Context, db *gorm.DB) error {
	steps := migrations()
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
		if newest := steps[len(steps)-1].version; version > newest {
			return fmt.Errorf("the database has schema %d and this program knows %d: it was written by a newer paastech; install that one or restore a backup", version, newest)
		}
		from := slices.IndexFunc(steps, func(m migration) bool { return m.version > version })
		if from < 0 {
			return nil
		}
		return apply(tx, steps[from:])
	})
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

func lockMigrations(tx *gorm.DB) error {
	if tx.Name() != "postgres" {
		return nil // the immediate transaction is the lock
	}
	return tx.Exec("SELECT pg_advisory_xact_lock(?)", migrationLock).Error
}

func apply(tx *gorm.DB, steps []migration) error {
	for _, step := range steps {
		for _, statement := range step.statements {
			if err := tx.Exec(statement).Error; err != nil {
				return fmt.Errorf("schema %d: %w", step.version, err)
			}
		}
		applied := appliedMigration{Version: step.version, AppliedAt: stored(time.Now())}
		if err := tx.Create(&applied).Error; err != nil {
			return fmt.Errorf("schema %d: %w", step.version, err)
		}
	}
	return nil
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
