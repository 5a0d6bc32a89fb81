package store

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
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
	Subject   string
	Author    string
	Image     paas.Image `gorm:"serializer:json"`
	Env       sealedEnv  `gorm:"serializer:json"`
	Port      int
	Diagnosis *paas.Diagnosis `gorm:"serializer:json"`
	CreatedAt time.Time       `gorm:"autoCreateTime:false"`
	BegunAt   *time.Time
	BuiltAt   *time.Time
	EndedAt   *time.Time
	LiveAt    *time.Time
	App       *paas.App      `gorm:"serializer:json"` // null: of an earlier schema
	Formation paas.Formation `gorm:"serializer:json"`
	Restores  int
}

func (deploymentRow) TableName() string { return "deployments" }

func (row deploymentRow) place() place {
	return place{"deployments", row.ProjectID + "/" + strconv.Itoa(row.Number), "env"}
}

func (s *Store) newDeploymentRow(deployment paas.Deployment) deploymentRow {
	row := deploymentRow{
		ProjectID: string(deployment.Project),
		Number:    deployment.Number,
		State:     string(deployment.State),
		Reason:    string(deployment.Reason),
		Branch:    deployment.Branch,
		CommitID:  string(deployment.Commit),
		Subject:   deployment.Note.Subject,
		Author:    deployment.Note.Author,
		Image:     deployment.Image,
		Port:      deployment.Port,
		Diagnosis: deployment.Diagnosis,
		CreatedAt: stored(deployment.CreatedAt),
		BegunAt:   storedOptional(deployment.BegunAt),
		BuiltAt:   storedOptional(deployment.BuiltAt),
		EndedAt:   storedOptional(deployment.EndedAt),
		LiveAt:    storedOptional(deployment.LiveAt),
		App:       &deployment.App,
		Formation: deployment.Formation,
		Restores:  deployment.Restores,
	}
	if deployment.By != "" {
		by := string(deployment.By)
		row.UserID = &by
	}
	row.Env = s.keys.Load().sealEnv(row.place(), deployment.Env)
	return row
}

func (s *Store) deployment(row deploymentRow) (paas.Deployment, error) {
	env, err := s.keys.Load().openEnv(row.place(), row.Env)
	deployment := row.bare()
	deployment.Env = env
	return deployment, err
}

// bare is the deployment without its environment.
func (row deploymentRow) bare() paas.Deployment {
	deployment := paas.Deployment{
		Project:   paas.ProjectID(row.ProjectID),
		Number:    row.Number,
		State:     paas.State(row.State),
		Reason:    paas.Reason(row.Reason),
		Branch:    row.Branch,
		Commit:    paas.CommitID(row.CommitID),
		Note:      paas.CommitNote{Subject: row.Subject, Author: row.Author},
		Image:     row.Image,
		Port:      row.Port,
		Diagnosis: row.Diagnosis,
		CreatedAt: row.CreatedAt.UTC(),
		BegunAt:   storedOptional(row.BegunAt),
		BuiltAt:   storedOptional(row.BuiltAt),
		EndedAt:   storedOptional(row.EndedAt),
		LiveAt:    storedOptional(row.LiveAt),
		Formation: row.Formation,
		Restores:  row.Restores,
	}
	if row.App != nil {
		deployment.App = *row.App
	}
	if row.UserID != nil {
		deployment.By = paas.UserID(*row.UserID)
	}
	return deployment
}

// CreateDeployment stores a deployment under its project's next number.
func (s *Store) CreateDeployment(ctx context.Context, deployment paas.Deployment) (paas.Deployment, error) {
	err := s.write(ctx, "create deployment", func(tx *gorm.DB) error {
		if err := lockPresentProject(tx, deployment.Project); err != nil {
			return err
		}
		err := tx.Model(&deploymentRow{}).Where("project_id = ?", string(deployment.Project)).
			Select("coalesce(max(number), 0) + 1").Scan(&deployment.Number).Error
		if err != nil {
			return err
		}
		row := s.newDeploymentRow(deployment)
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		deployment, err = s.deployment(row)
		return err
	})
	return deployment, err
}

// UpdateDeployment stores the deployment's new state; one that goes live supersedes the project's
// earlier one. Its number, reason, author and time of creation stay; so does the environment of one
// that was read without it (nil).
func (s *Store) UpdateDeployment(ctx context.Context, deployment paas.Deployment) error {
	return s.write(ctx, "update deployment", func(tx *gorm.DB) error {
		if err := lockProject(tx, deployment.Project); err != nil {
			return err
		}
		if deployment.State == paas.Live {
			if err := s.supersede(tx, deployment); err != nil {
				return err
			}
		}
		return s.saveDeployment(tx, deployment)
	})
}

// supersede ends the live deployment that another one replaces.
func (s *Store) supersede(tx *gorm.DB, by paas.Deployment) error {
	var row deploymentRow
	err := withoutEnv(tx).Where("project_id = ? AND state = ?", string(by.Project), string(paas.Live)).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return nil
	case err != nil:
		return err
	case row.Number == by.Number:
		return nil
	case by.LiveAt == nil:
		return errors.New("a live deployment has no time at which it went live")
	}
	earlier := row.bare()
	if err := earlier.Advance(paas.Superseded, *by.LiveAt); err != nil {
		return err
	}
	return s.saveDeployment(tx, earlier)
}

func (s *Store) saveDeployment(tx *gorm.DB, deployment paas.Deployment) error {
	row := s.newDeploymentRow(deployment)
	columns := []string{"State", "Branch", "CommitID", "Subject", "Author", "Image", "Port", "Diagnosis", "BegunAt", "BuiltAt", "EndedAt", "LiveAt", "App", "Formation"}
	if deployment.Env != nil {
		columns = append(columns, "Env")
	}
	return mustChange(tx.Where("project_id = ? AND number = ?", row.ProjectID, row.Number).Select(columns).Updates(&row))
}

// Deployment reads one of a project's deployments.
func (s *Store) Deployment(ctx context.Context, project paas.ProjectID, number int) (paas.Deployment, error) {
	return s.takeDeployment(s.read(ctx).Where("project_id = ? AND number = ?", string(project), number))
}

// LiveDeployment reads the live one.
func (s *Store) LiveDeployment(ctx context.Context, project paas.ProjectID) (paas.Deployment, error) {
	return s.takeDeployment(s.read(ctx).Where("project_id = ? AND state = ?", string(project), string(paas.Live)))
}

func (s *Store) takeDeployment(query *gorm.DB) (paas.Deployment, error) {
	var row deploymentRow
	if err := query.Take(&row).Error; err != nil {
		return paas.Deployment{}, translate("read deployment", err)
	}
	return s.deployment(row)
}

// Deployments lists a project's, newest first, from below the number before (0 is no bound) and at
// most limit (0 is all).
func (s *Store) Deployments(ctx context.Context, project paas.ProjectID, before, limit int) ([]paas.Deployment, error) {
	query := limited(s.read(ctx), limit).Where("project_id = ?", string(project)).Order("number DESC")
	if before > 0 {
		query = query.Where("number < ?", before)
	}
	return s.listDeployments(query)
}

// latest is what a project shows of its deployments.
type latest struct {
	newest, live *paas.Deployment // nil: there is none
}

// LatestDeployments finds the newest and the live deployment of each of some projects, without their
// environments: in one query, or from memory while nothing was written since. What they point at is shared
// between all who ask.
func (s *Store) LatestDeployments(ctx context.Context, projects []paas.ProjectID) (newest, live map[paas.ProjectID]paas.Deployment, err error) {
	generation := s.generation.Load()
	newest, live = make(map[paas.ProjectID]paas.Deployment, len(projects)), make(map[paas.ProjectID]paas.Deployment, len(projects))
	add := func(id paas.ProjectID, found latest) {
		if found.newest != nil {
			newest[id] = *found.newest
		}
		if found.live != nil {
			live[id] = *found.live
		}
	}
	var unknown []paas.ProjectID
	for _, id := range projects {
		if found, known := s.latest.find(generation, id); known {
			add(id, found)
		} else {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) == 0 {
		return newest, live, nil
	}
	read, err := s.readLatest(ctx, unknown)
	for id, found := range read {
		s.latest.keep(generation, id, found)
		add(id, found)
	}
	return newest, live, translate("list latest deployments", err)
}

// readLatest reads the latest of some projects, and that there are none.
func (s *Store) readLatest(ctx context.Context, projects []paas.ProjectID) (map[paas.ProjectID]latest, error) {
	among, ids, err := s.among(projects)
	if err != nil {
		return nil, err
	}
	var rows []deploymentRow
	err = withoutEnv(s.read(ctx)).Where(among, ids).
		Where("(state = ? OR number = (SELECT max(other.number) FROM deployments other WHERE other.project_id = deployments.project_id))", string(paas.Live)).
		Order("number").Find(&rows).Error
	if err != nil {
		return nil, err
	}
	read := make(map[paas.ProjectID]latest, len(projects))
	for _, id := range projects {
		read[id] = latest{}
	}
	for _, row := range rows {
		deployment := row.bare()
		found := read[deployment.Project]
		found.newest = &deployment // the last of a project is the newest
		if deployment.State == paas.Live {
			found.live = &deployment
		}
		read[deployment.Project] = found
	}
	return read, nil
}

// among is the condition that a row is of one of some projects, and its one parameter, however many
// they are; they are some.
func (s *Store) among(projects []paas.ProjectID) (condition, ids string, err error) {
	text, err := json.Marshal(projects)
	if onPostgres(s.reader) {
		return "project_id IN (SELECT jsonb_array_elements_text(?::jsonb))", string(text), err
	}
	return "project_id IN (SELECT value FROM json_each(?))", string(text), err
}

func withoutEnv(db *gorm.DB) *gorm.DB { return db.Omit("Env") }

// LiveDeployments lists the live ones of all projects.
func (s *Store) LiveDeployments(ctx context.Context) ([]paas.Deployment, error) {
	return s.deploymentsIn(ctx, paas.Live)
}

// ActiveDeployments lists those of all projects that are still on their way, oldest first.
func (s *Store) ActiveDeployments(ctx context.Context) ([]paas.Deployment, error) {
	return s.deploymentsIn(ctx, paas.Queued, paas.Building, paas.Starting)
}

// deploymentsIn passes over projects whose deletion has begun.
func (s *Store) deploymentsIn(ctx context.Context, states ...paas.State) ([]paas.Deployment, error) {
	return s.listDeployments(s.read(ctx).Where("state IN ?", states).
		Where("project_id IN (SELECT id FROM projects WHERE deleting_at IS NULL)").Order("created_at, project_id, number"))
}

func (s *Store) listDeployments(query *gorm.DB) ([]paas.Deployment, error) {
	var rows []deploymentRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, translate("list deployments", err)
	}
	return decrypt(rows, s.deployment)
}
