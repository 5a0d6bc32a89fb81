package store

import (
	"context"
	"errors"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

type deploymentRow struct {
	ProjectID string `gorm:"primaryKey"`
	Number    int    `gorm:"primaryKey;autoIncrement:false"`
	State     string
	Reason    string
	UserID    *string // null when nobody asked, or who did is gone
	Branch    string
	CommitID  string
	Image     paas.Image `gorm:"serializer:json"`
	Env       paas.Env   `gorm:"serializer:json"`
	Port      int
	Diagnosis *paas.Diagnosis `gorm:"serializer:json"`
	CreatedAt time.Time
	BuiltAt   *time.Time
	EndedAt   *time.Time
	LiveAt    *time.Time
}

func (deploymentRow) TableName() string { return "deployments" }

func newDeploymentRow(deployment paas.Deployment) deploymentRow {
	row := deploymentRow{
		ProjectID: string(deployment.Project),
		Number:    deployment.Number,
		State:     string(deployment.State),
		Reason:    string(deployment.Reason),
		Branch:    deployment.Branch,
		CommitID:  string(deployment.Commit),
		Image:     deployment.Image,
		Env:       present(deployment.Env),
		Port:      deployment.Port,
		Diagnosis: deployment.Diagnosis,
		CreatedAt: stored(deployment.CreatedAt),
		BuiltAt:   storedOptional(deployment.BuiltAt),
		EndedAt:   storedOptional(deployment.EndedAt),
		LiveAt:    storedOptional(deployment.LiveAt),
	}
	if deployment.By != "" {
		by := string(deployment.By)
		row.UserID = &by
	}
	return row
}

func (row deploymentRow) deployment() paas.Deployment {
	deployment := paas.Deployment{
		Project:   paas.ProjectID(row.ProjectID),
		Number:    row.Number,
		State:     paas.State(row.State),
		Reason:    paas.Reason(row.Reason),
		Branch:    row.Branch,
		Commit:    paas.CommitID(row.CommitID),
		Image:     row.Image,
		Env:       present(row.Env),
		Port:      row.Port,
		Diagnosis: row.Diagnosis,
		CreatedAt: row.CreatedAt.UTC(),
		BuiltAt:   storedOptional(row.BuiltAt),
		EndedAt:   storedOptional(row.EndedAt),
		LiveAt:    storedOptional(row.LiveAt),
	}
	if row.UserID != nil {
		deployment.By = paas.UserID(*row.UserID)
	}
	return deployment
}

// CreateDeployment stores a deployment under its project's next number.
func (s *Store) CreateDeployment(ctx context.Context, deployment paas.Deployment) (paas.Deployment, error) {
	err := s.write(ctx, "create deployment", func(tx *gorm.DB) error {
		if err := lockProject(tx, deployment.Project); err != nil {
			return err
		}
		newest, err := takeDeployment(tx.Where("project_id = ?", string(deployment.Project)).Order("number DESC"))
		if err != nil && !paas.IsKind(err, paas.NotFound) {
			return err
		}
		row := newDeploymentRow(deployment)
		row.Number = newest.Number + 1
		deployment = row.deployment()
		return tx.Create(&row).Error
	})
	return deployment, err
}

// lockProject lets one transaction at a time change the deployments of a project.
func lockProject(tx *gorm.DB, id paas.ProjectID) error {
	var row projectRow
	return locked(tx, "projects").Select("id").Where("id = ?", string(id)).Take(&row).Error
}

// UpdateDeployment stores the deployment's new state; one that goes live supersedes the project's
// earlier one. Its number, reason, author and time of creation stay.
func (s *Store) UpdateDeployment(ctx context.Context, deployment paas.Deployment) error {
	return s.write(ctx, "update deployment", func(tx *gorm.DB) error {
		if err := lockProject(tx, deployment.Project); err != nil {
			return err
		}
		if deployment.State == paas.Live {
			if err := supersede(tx, deployment); err != nil {
				return err
			}
		}
		return saveDeployment(tx, deployment)
	})
}

// supersede ends the live deployment that another one replaces.
func supersede(tx *gorm.DB, by paas.Deployment) error {
	earlier, err := takeDeployment(tx.Where("project_id = ? AND state = ?", string(by.Project), string(paas.Live)))
	switch {
	case paas.IsKind(err, paas.NotFound):
		return nil
	case err != nil:
		return err
	case earlier.Number == by.Number:
		return nil
	case by.LiveAt == nil:
		return errors.New("a live deployment has no time at which it went live")
	}
	if err := earlier.Advance(paas.Superseded, *by.LiveAt); err != nil {
		return err
	}
	return saveDeployment(tx, earlier)
}

func saveDeployment(tx *gorm.DB, deployment paas.Deployment) error {
	row := newDeploymentRow(deployment)
	return mustChange(tx.Where("project_id = ? AND number = ?", row.ProjectID, row.Number).
		Select("State", "Branch", "CommitID", "Image", "Env", "Port", "Diagnosis", "BuiltAt", "EndedAt", "LiveAt").
		Updates(&row))
}

// Deployment reads one of a project's deployments.
func (s *Store) Deployment(ctx context.Context, project paas.ProjectID, number int) (paas.Deployment, error) {
	return takeDeployment(s.read(ctx).Where("project_id = ? AND number = ?", string(project), number))
}

// LiveDeployment reads the live one.
func (s *Store) LiveDeployment(ctx context.Context, project paas.ProjectID) (paas.Deployment, error) {
	return takeDeployment(s.read(ctx).Where("project_id = ? AND state = ?", string(project), string(paas.Live)))
}

func takeDeployment(query *gorm.DB) (paas.Deployment, error) {
	var row deploymentRow
	err := query.Take(&row).Error
	return row.deployment(), translate("read deployment", err)
}

// Deployments lists a project's, newest first; limit 0 means all.
func (s *Store) Deployments(ctx context.Context, project paas.ProjectID, limit int) ([]paas.Deployment, error) {
	query := s.read(ctx).Where("project_id = ?", string(project)).Order("number DESC")
	if limit > 0 {
		query = query.Limit(limit)
	}
	return listDeployments(query)
}

// LiveDeployments lists the live ones of all projects.
func (s *Store) LiveDeployments(ctx context.Context) ([]paas.Deployment, error) {
	return s.deploymentsIn(ctx, paas.Live)
}

// ActiveDeployments lists those of all projects that are still on their way, oldest first.
func (s *Store) ActiveDeployments(ctx context.Context) ([]paas.Deployment, error) {
	return s.deploymentsIn(ctx, paas.Queued, paas.Building, paas.Starting)
}

func (s *Store) deploymentsIn(ctx context.Context, states ...paas.State) ([]paas.Deployment, error) {
	return listDeployments(s.read(ctx).Where("state IN ?", states).Order("created_at, project_id, number"))
}

func listDeployments(query *gorm.DB) ([]paas.Deployment, error) {
	var rows []deploymentRow
	err := query.Find(&rows).Error
	return convert(rows, deploymentRow.deployment), translate("list deployments", err)
}
