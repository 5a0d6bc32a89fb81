package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// Check says in a sentence each what is damaged: in the database itself, and every encrypted value
// that does not open.
func (s *Store) Check(ctx context.Context) ([]string, error) {
	examine := s.checkSQLite
	if onPostgres(s.reader) {
		examine = s.checkPostgres
	}
	damages, err := examine(ctx)
	if err != nil {
		return nil, translate("check database", err)
	}
	err = rewriteAll(s.read(ctx), false, func(at place, name, text string) (string, error) {
		if _, err := s.keys.Load().open(at, name, text); err != nil {
			what := at.column
			if name != "" {
				what += " " + name
			}
			damages = append(damages, fmt.Sprintf("%s of %s %s cannot be decrypted: %v", what, at.table, at.row, err))
		}
		return text, nil
	})
	return damages, translate("check encrypted values", err)
}

// checkSQLite asks SQLite to examine the file and what its rows refer to.
func (s *Store) checkSQLite(ctx context.Context) ([]string, error) {
	var found []string
	if err := s.read(ctx).Raw("PRAGMA integrity_check").Scan(&found).Error; err != nil {
		return nil, err
	}
	var damages []string
	for _, sentence := range found {
		if sentence != "ok" {
			damages = append(damages, "the database file is damaged: "+sentence)
		}
	}
	var broken []struct {
		Table  string
		Rowid  int64
		Parent string
	}
	if err := s.read(ctx).Raw("PRAGMA foreign_key_check").Scan(&broken).Error; err != nil {
		return nil, err
	}
	for _, row := range broken {
		damages = append(damages, fmt.Sprintf("row %d of %s refers to a row of %s that is not there", row.Rowid, row.Table, row.Parent))
	}
	return damages, nil
}

// checkPostgres reads every row of every table; PostgreSQL itself sees to what they refer to.
func (s *Store) checkPostgres(ctx context.Context) ([]string, error) {
	var damages []string
	for _, table := range tables() {
		if err := readThrough(s.read(ctx).Table(table.name)); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			damages = append(damages, fmt.Sprintf("the table %s cannot be read: %v", table.name, err))
		}
	}
	return damages, nil
}

func readThrough(query *gorm.DB) error {
	rows, err := query.Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := query.ScanRows(rows, &map[string]any{}); err != nil {
			return err
		}
	}
	return rows.Err()
}
