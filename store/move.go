package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// table is one of the database's, with what it takes to move it.
type table struct {
	name  string
	order string // columns that are unique together
	copy  func(from, to *gorm.DB, order string) (int, error)
	same  func(from, to *gorm.DB, order string) error
}

// tables lists all that hold what the platform decided, those that are referred to first.
func tables() []table {
	return []table{
		tableOf[userRow]("users", "id COLLATE bytes"),
		tableOf[keyRow]("ssh_keys", "id COLLATE bytes"),
		tableOf[sessionRow]("sessions", "id COLLATE bytes"),
		tableOf[projectRow]("projects", "id COLLATE bytes"),
		tableOf[deploymentRow]("deployments", "project_id COLLATE bytes, number"),
		tableOf[domainRow]("domains", "name COLLATE bytes, project_id COLLATE bytes"),
		tableOf[sampleRow]("samples", "project_id COLLATE bytes, span, at"),
		tableOf[cronRunRow]("cron_runs", "project_id COLLATE bytes, line COLLATE bytes, due"),
		tableOf[eventRow]("events", "id"),
		tableOf[tokenRow]("api_tokens", "id COLLATE bytes"),
		tableOf[inviteRow]("invites", "id COLLATE bytes"),
		tableOf[mailRow]("mails", "id COLLATE bytes"),
		tableOf[auditRow]("audit", "id"),
	}
}

func tableOf[Row any](name, order string) table {
	return table{name, order, copyRows[Row], compareRows[Row]}
}

// Move copies a whole SQLite database into an empty PostgreSQL one, reads every row back, and keeps
// what it did only when all are the same. The key file serves the new database as it did the old.
// report is told what was done.
func Move(ctx context.Context, from, to Options, report func(string)) (err error) {
	if from.URL != "" || !isPostgres(to.URL) {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "A database is moved from SQLite to PostgreSQL.")
	}
	source, err := Open(ctx, from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	to.KeyFile = source.keyFile
	target, err := Open(ctx, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return target.write(ctx, "move database", func(tx *gorm.DB) error {
		if err := lockMigrations(tx); err != nil {
			return err
		}
		if err := refuseRows(tx); err != nil {
			return err
		}
		return moveTables(source.read(ctx), tx, report)
	})
}

func refuseRows(tx *gorm.DB) error {
	for _, table := range tables() {
		var rows int64
		if err := tx.Table(table.name).Limit(1).Count(&rows).Error; err != nil {
			return err
		}
		if rows > 0 {
			return paas.Errorf(paas.Conflict, paas.EConflict, "The PostgreSQL database is not empty: its table %s has rows. Give an empty one.", table.name)
		}
	}
	return nil
}

func moveTables(from, to *gorm.DB, report func(string)) error {
	for _, table := range tables() {
		rows, err := table.copy(from, to, table.order)
		if err != nil {
			return fmt.Errorf("copy %s: %w", table.name, err)
		}
		if err := table.same(from, to, table.order); err != nil {
			return fmt.Errorf("compare %s: %w", table.name, err)
		}
		report(fmt.Sprintf("%s: %d rows, each read back the same", table.name, rows))
	}
	if !onPostgres(to) { // which counts on from what it has by itself
		return nil
	}
	for _, table := range []string{"audit", "events"} {
		next := "SELECT setval(pg_get_serial_sequence('" + table + "', 'id'), coalesce(max(id), 0) + 1, false) FROM " + table
		if err := to.Exec(next).Error; err != nil {
			return err
		}
	}
	return nil
}

func copyRows[Row any](from, to *gorm.DB, order string) (int, error) {
	copied := 0
	err := stream[Row](from, order, func(row *Row) error {
		copied++
		return to.Create(row).Error
	})
	return copied, err
}

// stream reads all rows of a table, one at a time.
func stream[Row any](db *gorm.DB, order string, do func(*Row) error) (err error) {
	rows, err := inOrder[Row](db, order)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var row Row
		if err := db.ScanRows(rows, &row); err != nil {
			return err
		}
		if err := do(&row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// inOrder reads a table in the order of its bytes, which is the same in both databases.
func inOrder[Row any](db *gorm.DB, order string) (*sql.Rows, error) {
	collation := "BINARY"
	if onPostgres(db) {
		collation = `"C"`
	}
	return db.Model(new(Row)).Order(strings.ReplaceAll(order, "COLLATE bytes", "COLLATE "+collation)).Rows()
}

// compareRows reads both tables side by side.
func compareRows[Row any](from, to *gorm.DB, order string) (err error) {
	theirs, err := inOrder[Row](to, order)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, theirs.Close()) }()
	err = stream[Row](from, order, func(ours *Row) error {
		if !theirs.Next() {
			return errors.Join(errors.New("rows are missing"), theirs.Err())
		}
		var moved Row
		if err := to.ScanRows(theirs, &moved); err != nil {
			return err
		}
		return equalRows(ours, &moved)
	})
	if err == nil && theirs.Next() {
		err = errors.New("there are more rows than were copied")
	}
	return errors.Join(err, theirs.Err())
}

// equalRows compares what the rows say: JSON and times come back in other bytes.
func equalRows(ours, theirs any) error {
	a, err := json.Marshal(ours)
	if err != nil {
		return err
	}
	b, err := json.Marshal(theirs)
	if err == nil && !bytes.Equal(a, b) {
		err = errors.New("a row did not come back as it was written")
	}
	return err
}
