package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
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
	var result struct{ Busy, Log, Checkpointed int }
	if err := s.writer.WithContext(ctx).Raw("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&result).Error; err != nil {
		return translate("empty the write-ahead log", err)
	}
	if result.Busy != 0 {
		return translate("empty the write-ahead log", errors.New("somebody reads the database all the time"))
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
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("copy database before it is changed: %w", err)
	}
	if err := vacuumInto(ctx, s.writer, temporary); err != nil {
		return fmt.Errorf("copy database before it is changed: %w", err)
	}
	// Another program may have changed it meanwhile: then this is no copy of what was before.
	now, err := schemaVersion(s.writer.WithContext(ctx))
	if err != nil || now != version {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("copy database before it is changed: %w", err)
	}
	message := "the database was copied before it is changed; remove the copy when all is well"
	if version < firstSealedSchema {
		message = "the database was copied before its values are encrypted; THE COPY HAS THEM IN CLEAR: remove it when all is well"
	}
	log.WarnContext(ctx, message, "copy", path, "schema", version)
	return nil
}
