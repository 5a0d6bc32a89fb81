package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

type eventRow struct {
	ID          int64 `gorm:"primaryKey"`
	ProjectID   string
	Kind        string
	OfContainer bool
	At          time.Time
	Message     string
	ByName      string
	Number      int
	Process     string
	ExitCode    *int
}

func (eventRow) TableName() string { return "events" }

func (row eventRow) event() paas.Event {
	return paas.Event{
		ID:       row.ID,
		Kind:     paas.EventKind(row.Kind),
		Project:  paas.ProjectID(row.ProjectID),
		At:       row.At.UTC(),
		Message:  row.Message,
		By:       row.ByName,
		Number:   row.Number,
		Process:  row.Process,
		ExitCode: row.ExitCode,
	}
}

// AppendEvent keeps an event under the id that it is given, and removes what is older than the newest
// MaxEvents of its sort. NotFound when the project is gone.
func (s *Store) AppendEvent(ctx context.Context, event paas.Event) (paas.Event, error) {
	row := eventRow{
		ProjectID:   string(event.Project),
		Kind:        string(event.Kind),
		OfContainer: event.Kind.OfContainer(),
		At:          stored(event.At),
		Message:     event.Message,
		ByName:      event.By,
		Number:      event.Number,
		Process:     event.Process,
		ExitCode:    event.ExitCode,
	}
	err := s.record(ctx, "keep event", func(tx *gorm.DB) error {
		var there int64
		if err := tx.Model(&projectRow{}).Where("id = ?", row.ProjectID).Count(&there).Error; err != nil {
			return err
		}
		if there == 0 {
			return gorm.ErrRecordNotFound
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		sort := "project_id = ? AND of_container = ?"
		oldest := tx.Model(&eventRow{}).Select("id").Where(sort, row.ProjectID, row.OfContainer).Order("id DESC").Offset(paas.MaxEvents - 1).Limit(1)
		return tx.Where(sort, row.ProjectID, row.OfContainer).Where("id < (?)", oldest).Delete(&eventRow{}).Error
	})
	event.ID = row.ID
	return event, err
}

// Events lists a project's, newest first.
func (s *Store) Events(ctx context.Context, project paas.ProjectID, before int64, limit int) ([]paas.Event, error) {
	matching := limited(s.read(ctx), limit).Where("project_id = ?", string(project)).Order("id DESC")
	if before > 0 {
		matching = matching.Where("id < ?", before)
	}
	var rows []eventRow
	err := matching.Find(&rows).Error
	return convert(rows, eventRow.event), translate("list events", err)
}
