package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type cronRunRow struct {
	ProjectID string    `gorm:"primaryKey"`
	Line      string    `gorm:"primaryKey"` // SHA-256 of schedule and command
	Due       time.Time `gorm:"primaryKey"`
	Schedule  string
	Command   string
	StartedAt time.Time
	EndedAt   *time.Time
	ExitCode  int
	Note      string
}

func (cronRunRow) TableName() string { return "cron_runs" }

func newCronRunRow(run paas.CronRun) cronRunRow {
	line := sha256.Sum256([]byte(run.Line.Schedule + "\x00" + run.Line.Command))
	return cronRunRow{
		ProjectID: string(run.Project),
		Line:      hex.EncodeToString(line[:]),
		Due:       stored(run.Due),
		Schedule:  run.Line.Schedule,
		Command:   run.Line.Command,
		StartedAt: stored(run.StartedAt),
		EndedAt:   storedOptional(run.EndedAt),
		ExitCode:  run.ExitCode,
		Note:      run.Note,
	}
}

func (row cronRunRow) run() paas.CronRun {
	return paas.CronRun{
		Project:   paas.ProjectID(row.ProjectID),
		Line:      paas.CronLine{Schedule: row.Schedule, Command: row.Command},
		Due:       row.Due.UTC(),
		StartedAt: row.StartedAt.UTC(),
		EndedAt:   storedOptional(row.EndedAt),
		ExitCode:  row.ExitCode,
		Note:      row.Note,
	}
}

// SaveCronRun keeps a run; of each line the newest MaxCronRuns are kept.
func (s *Store) SaveCronRun(ctx context.Context, run paas.CronRun) error {
	row := newCronRunRow(run)
	return s.write(ctx, "keep cron run", func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
			return err
		}
		ofLine := "project_id = ? AND line = ?"
		oldest := tx.Model(&cronRunRow{}).Select("due").Where(ofLine, row.ProjectID, row.Line).Order("due DESC").Offset(paas.MaxCronRuns - 1).Limit(1)
		return tx.Where(ofLine, row.ProjectID, row.Line).Where("due < (?)", oldest).Delete(&cronRunRow{}).Error
	})
}

// CronRuns lists a project's, newest first.
func (s *Store) CronRuns(ctx context.Context, project paas.ProjectID, limit int) ([]paas.CronRun, error) {
	var rows []cronRunRow
	err := limited(s.read(ctx), limit).Where("project_id = ?", string(project)).Order("due DESC, line").Find(&rows).Error
	return convert(rows, cronRunRow.run), translate("list cron runs", err)
}
