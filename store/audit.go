package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// auditRow is one entry of the record, which refers to nothing and so outlives everything.
type auditRow struct {
	ID       int64 `gorm:"primaryKey"`
	At       time.Time
	UserID   string
	Name     string
	WithWhat string
	FromHost string
	Action   string
	Target   string
	Result   string
}

func (auditRow) TableName() string { return "audit" }

func (row auditRow) entry() paas.AuditEntry {
	return paas.AuditEntry{
		ID:     row.ID,
		At:     row.At.UTC(),
		User:   paas.UserID(row.UserID),
		Name:   row.Name,
		With:   row.WithWhat,
		From:   row.FromHost,
		Action: row.Action,
		Target: row.Target,
		Result: paas.Code(row.Result),
	}
}

// AppendAudit adds an entry, under an id that it is given.
func (s *Store) AppendAudit(ctx context.Context, entry paas.AuditEntry) error {
	return s.write(ctx, "append to audit", func(tx *gorm.DB) error {
		row := auditRow{
			At:       stored(entry.At),
			UserID:   string(entry.User),
			Name:     entry.Name,
			WithWhat: entry.With,
			FromHost: entry.From,
			Action:   entry.Action,
			Target:   entry.Target,
			Result:   string(entry.Result),
		}
		return tx.Create(&row).Error
	})
}

// Audit lists entries, newest first.
func (s *Store) Audit(ctx context.Context, query paas.AuditQuery) ([]paas.AuditEntry, error) {
	matching := limited(s.read(ctx), query.Limit).Order("id DESC")
	if query.Name != "" {
		matching = matching.Where("name = ?", query.Name)
	}
	if query.Target != "" {
		matching = matching.Where("target = ?", query.Target)
	}
	if query.Before > 0 {
		matching = matching.Where("id < ?", query.Before)
	}
	var rows []auditRow
	err := matching.Find(&rows).Error
	return convert(rows, auditRow.entry), translate("list audit", err)
}
