package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/paastech-cloud/paastech/paas"
)

type domainRow struct {
	Name      string `gorm:"primaryKey"` // with its path, when it has one
	ProjectID string `gorm:"primaryKey"`
	Token     string
	Redirect  string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	CheckedAt time.Time
	ProvenAt  *time.Time
	Trouble   string
}

func (domainRow) TableName() string { return "domains" }

func newDomainRow(d paas.Domain) domainRow {
	return domainRow{
		Name: d.String(), ProjectID: string(d.Project), Token: d.Token, Redirect: string(d.Redirect),
		CreatedAt: stored(d.CreatedAt), CheckedAt: stored(d.CheckedAt), ProvenAt: storedOptional(d.ProvenAt), Trouble: d.Trouble,
	}
}

func (row domainRow) domain() paas.Domain {
	name, path := row.Name, ""
	if slash := strings.IndexByte(name, '/'); slash >= 0 {
		name, path = name[:slash], name[slash:]
	}
	return paas.Domain{
		Name: paas.Hostname(name), Path: path, Project: paas.ProjectID(row.ProjectID), Token: row.Token, Redirect: paas.Hostname(row.Redirect),
		CreatedAt: row.CreatedAt.UTC(), CheckedAt: row.CheckedAt.UTC(), ProvenAt: storedOptional(row.ProvenAt), Trouble: row.Trouble,
	}
}

// AddDomain keeps a claim, unless the project has as many domains as most already. Conflict with ETaken when
// it has this one.
func (s *Store) AddDomain(ctx context.Context, d paas.Domain, most int) error {
	return s.write(ctx, "add domain", func(tx *gorm.DB) error {
		if _, err := s.takeProject(locked(tx, "projects").Where("projects.id = ?", string(d.Project))); err != nil {
			return err
		}
		var have int64
		if err := tx.Model(&domainRow{}).Where("project_id = ?", string(d.Project)).Count(&have).Error; err != nil {
			return err
		}
		if have >= int64(most) {
			return paas.Errorf(paas.Forbidden, paas.EQuotaDomains, "The project has %d domains, which is as many as one may have: remove one first.", have)
		}
		row := newDomainRow(d)
		added := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if added.Error == nil && added.RowsAffected == 0 {
			return paas.Errorf(paas.Conflict, paas.ETaken, "The project has the domain %s already: paastech domains check %s looks at it again.", d, d)
		}
		return added.Error
	})
}

// SaveDomain keeps what a check found. Conflict with ETaken when it would prove what another project has proven.
func (s *Store) SaveDomain(ctx context.Context, d paas.Domain) error {
	return s.write(ctx, "keep a check of a domain", func(tx *gorm.DB) error {
		if d.ProvenAt != nil {
			var others int64
			if err := tx.Model(&domainRow{}).Where("name = ? AND project_id <> ? AND proven_at IS NOT NULL", d.String(), string(d.Project)).Count(&others).Error; err != nil {
				return err
			}
			if others > 0 {
				return paas.Errorf(paas.Conflict, paas.ETaken, "%s belongs to another project.", d)
			}
		}
		row := newDomainRow(d)
		return tx.Model(&domainRow{}).Where("name = ? AND project_id = ?", row.Name, row.ProjectID).
			Select("CheckedAt", "ProvenAt", "Trouble").Updates(&row).Error
	})
}

// RemoveDomain forgets a domain; it is no error that there is none.
func (s *Store) RemoveDomain(ctx context.Context, d paas.Domain) error {
	return s.write(ctx, "remove domain", func(tx *gorm.DB) error {
		return tx.Where("name = ? AND project_id = ?", d.String(), string(d.Project)).Delete(&domainRow{}).Error
	})
}

// Domains lists a project's, by name.
func (s *Store) Domains(ctx context.Context, project paas.ProjectID) ([]paas.Domain, error) {
	return s.domains(s.read(ctx).Where("project_id = ?", string(project)))
}

// AllDomains lists every project's, by name; those whose project is being deleted are free.
func (s *Store) AllDomains(ctx context.Context) ([]paas.Domain, error) {
	return s.domains(s.read(ctx).Where("project_id IN (?)", s.read(ctx).Model(&projectRow{}).Select("id").Where(present)))
}

func (s *Store) domains(query *gorm.DB) ([]paas.Domain, error) {
	var rows []domainRow
	if err := query.Order("name, project_id").Find(&rows).Error; err != nil {
		return nil, translate("list domains", err)
	}
	domains := make([]paas.Domain, len(rows))
	for i, row := range rows {
		domains[i] = row.domain()
	}
	return domains, nil
}
