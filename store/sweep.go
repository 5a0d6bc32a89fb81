package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// sweep takes out of the database's files what a migration left there of values that are encrypted
// now: SQLite and PostgreSQL keep what was overwritten until its place is needed. No transaction can
// do that, so the migration notes it and an interrupted sweep is taken up by the next Open.
func (s *Store) sweep(ctx context.Context, log *slog.Logger) error {
	db := s.writer.WithContext(ctx)
	var pending []int
	if err := db.Table("sweeps").Pluck("version", &pending).Error; err != nil {
		return fmt.Errorf("read pending sweeps: %w", err)
	}
	if len(pending) == 0 {
		return nil
	}
	statements := []string{"VACUUM"}
	if onPostgres(db) {
		statements = []string{"VACUUM FULL projects", "VACUUM FULL deployments"}
	}
	for _, statement := range statements {
		if err := db.Exec(statement).Error; err != nil {
			return fmt.Errorf("sweep up clear values: %w", err)
		}
	}
	if err := s.truncateLog(ctx); err != nil {
		return err
	}
	log.InfoContext(ctx, "values in the database are encrypted; what was left of the clear ones has been removed from its files")
	return db.Exec("DELETE FROM sweeps").Error
}

// truncateLog empties SQLite's write-ahead log, in which overwritten values stay.
func (s *Store) truncateLog(ctx context.Context) error {
	if onPostgres(s.writer) {
		return nil
	}
	err := untilFree(ctx, func() error {
		var result struct{ Busy, Log, Checkpointed int }
		err := s.writer.WithContext(ctx).Raw("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&result).Error
		if err == nil && result.Busy != 0 {
			err = unavailable()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("empty the write-ahead log: %w", err)
	}
	return nil
}

// copyBefore keeps a copy of a SQLite file before migrations change it. It replaces what an earlier
// try left.
func (s *Store) copyBefore(ctx context.Context, version int, log *slog.Logger) error {
	if s.path == "" || version == 0 || version >= newestSchema() {
		return nil
	}
	path := fmt.Sprintf("%s.before-schema-%d", s.path, newestSchema())
	if version < firstSealedSchema {
		path += "-unencrypted"
	}
	copied, err := s.copyAt(ctx, version, path)
	if err != nil {
		return fmt.Errorf("copy database before it is changed: %w", err)
	}
	if !copied {
		return nil
	}
	message := "the database was copied before it is changed; remove the copy when all is well"
	if version < firstSealedSchema {
		message = "the database was copied before its values are encrypted; THE COPY HAS THEM IN CLEAR: remove it when all is well"
	}
	log.WarnContext(ctx, message, "copy", path, "schema", version)
	return nil
}

// copyAt copies a file of this schema; another program may have changed it meanwhile, and then it
// would be no copy of what was before.
func (s *Store) copyAt(ctx context.Context, version int, path string) (copied bool, err error) {
	err = intoPlace(path, func(temporary string) error {
		if err := vacuumInto(ctx, s.writer, temporary); err != nil {
			return err
		}
		now, err := schemaVersion(s.writer.WithContext(ctx))
		if err == nil && now != version {
			err = errChanged
		}
		return err
	})
	if errors.Is(err, errChanged) {
		return false, nil
	}
	return err == nil, err
}

var errChanged = errors.New("the database was migrated meanwhile")
