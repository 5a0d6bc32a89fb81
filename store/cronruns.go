package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type cronRunRow struct {
	ProjectID string    `gorm:"primaryKey"`
	Schedule  string    `gorm:"primaryKey"`
	Command   string    `gorm:"primaryKey"`
	Due       time.Time `gorm:"primaryKey"`
	StartedAt time.Time
	EndedAt   *time.Time
	ExitCode  int
	Note      string
}

func (cronRunRow) TableName() string { return "cron_runs" }

// SaveCronRun keeps a run; of each line the newest MaxCronRuns are kept.
func (s *Store) SaveCronRun(ctx context.Context, run paas.CronRun) error {
	row := cronRunRow{
		ProjectID: string(run.Project), Schedule: run.Line.Schedule, Command: run.Line.Command, Due: stored(run.Due),
		StartedAt: stored(run.StartedAt), EndedAt: storedOptional(run.EndedAt), ExitCode: run.ExitCode, Note: run.Note,
	}
	return s.write(ctx, "keep cron run", func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
			return err
		}
		line := "project_id = ? AND schedule = ? AND command = ?"
		oldest := tx.Model(&cronRunRow{}).Select("due").Where(line, row.ProjectID, row.Schedule, row.Command).Order("due DESC").Offset(paas.MaxCronRuns - 1).Limit(1)
		return tx.Where(line+" AND due < (?)", row.ProjectID, row.Schedule, row.Command, oldest).Delete(&cronRunRow{}).Error
	})
}

// CronRuns lists a project's, newest first.
func (s *Store) CronRuns(ctx context.Context, project paas.ProjectID, limit int) ([]paas.CronRun, error) {
	var rows []cronRunRow
	err := limited(s.read(ctx), limit).Where("project_id = ?", string(project)).Order("due DESC, schedule, command").Find(&rows).Error
	runs := make([]paas.CronRun, len(rows))
	for i, row := range rows {
		runs[i] = paas.CronRun{
			Project: paas.ProjectID(row.ProjectID), Line: paas.CronLine{Schedule: row.Schedule, Command: row.Command}, Due: row.Due.UTC(),
			StartedAt: row.StartedAt.UTC(), EndedAt: storedOptional(row.EndedAt), ExitCode: row.ExitCode, Note: row.Note,
		}
	}
	return runs, translate("list cron runs", err)
}
