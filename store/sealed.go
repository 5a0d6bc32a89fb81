package store

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// rewrite is done to one value of a column that holds encrypted ones, and gives what takes its place.
type rewrite func(at place, name, text string) (string, error)

// rewriteAll goes over every column that holds encrypted values, and stores what becomes of them when
// save says so. It takes a row at a time: the environments of all deployments may be more than the memory.
func rewriteAll(db *gorm.DB, save bool, do rewrite) error {
	if err := rewriteProjects(db, save, do); err != nil {
		return err
	}
	if err := rewriteDeployments(db, save, do); err != nil {
		return err
	}
	return rewriteMails(db, save, do)
}

func rewriteProjects(db *gorm.DB, save bool, do rewrite) error {
	var keys []projectRow
	if err := db.Select("id").Find(&keys).Error; err != nil {
		return err
	}
	for _, key := range keys {
		row := projectRow{ID: key.ID}
		err := rewriteRow(db, save, &row, "config", func() error {
			err := row.Config.Env.rewrite(envPlace(row.ID), do)
			return errors.Join(err, row.Config.BuildEnv.rewrite(buildEnvPlace(row.ID), do))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func rewriteDeployments(db *gorm.DB, save bool, do rewrite) error {
	var keys []deploymentRow
	if err := db.Select("project_id", "number").Find(&keys).Error; err != nil {
		return err
	}
	for _, key := range keys {
		row := deploymentRow{ProjectID: key.ProjectID, Number: key.Number}
		if err := rewriteRow(db, save, &row, "env", func() error { return row.Env.rewrite(row.place(), do) }); err != nil {
			return err
		}
	}
	return nil
}

func rewriteMails(db *gorm.DB, save bool, do rewrite) error {
	var keys []mailRow
	if err := db.Select("id").Find(&keys).Error; err != nil {
		return err
	}
	for _, key := range keys {
		row := mailRow{ID: key.ID}
		err := rewriteRow(db, save, &row, "payload", func() (err error) {
			row.Payload, err = do(row.place(), "", row.Payload)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rewriteRow reads one column of the row that has row's key, lets change work on it and stores it. A
// row that is gone by then is no error.
func rewriteRow(db *gorm.DB, save bool, row any, column string, change func() error) error {
	query := db
	if save {
		query = db.Clauses(lockRows(""))
	}
	err := query.Select(column).Take(row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := change(); err != nil || !save {
		return err
	}
	return db.Select(column).Updates(row).Error
}

func (e sealedEnv) rewrite(at place, do rewrite) error {
	for name, text := range e {
		fresh, err := do(at, name, text)
		if err != nil {
			return err
		}
		e[name] = fresh
	}
	return nil
}

// Columns with at least one encrypted value; none of the names in them contains a colon.
const (
	sealedProjects    = `CAST(config AS text) LIKE '%"enc:%'`
	sealedDeployments = `CAST(env AS text) LIKE '%"enc:%'`
)

// holdsSealed tells whether anything in the database is encrypted.
func (s *Store) holdsSealed(ctx context.Context, version int) (bool, error) {
	if version < firstSealedSchema {
		return false, nil
	}
	project, deployment, mail, err := s.someSealed(ctx)
	return project != nil || deployment != nil || mail != nil, err
}

// someSealed reads one row of each kind that has an encrypted value.
func (s *Store) someSealed(ctx context.Context) (project *projectRow, deployment *deploymentRow, mail *mailRow, err error) {
	if project, err = firstRow[projectRow](s.read(ctx).Where(sealedProjects)); err != nil {
		return nil, nil, nil, err
	}
	if deployment, err = firstRow[deploymentRow](s.read(ctx).Where(sealedDeployments)); err != nil {
		return nil, nil, nil, err
	}
	mail, err = firstRow[mailRow](s.read(ctx))
	return project, deployment, mail, err
}

func firstRow[Row any](query *gorm.DB) (*Row, error) {
	var row Row
	err := query.Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	return &row, err
}

// tryKeys finds out early when the key file is another database's. A single value that is damaged
// does not keep the platform from starting: Check names it.
func (s *Store) tryKeys(ctx context.Context) error {
	project, deployment, mail, err := s.someSealed(ctx)
	if err != nil {
		return fmt.Errorf("try data keys: %w", err)
	}
	var errs []error
	if project != nil {
		_, err := s.project(*project)
		errs = append(errs, err)
	}
	if deployment != nil {
		_, err := s.deployment(*deployment)
		errs = append(errs, err)
	}
	if mail != nil {
		_, err := s.mail(*mail)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); errors.Is(err, errUnknownKey) {
		return fmt.Errorf("%s does not belong to this database: restore the one that does from a backup (%w)", s.keyFile, err)
	}
	return nil
}
