package store

import (
	"context"
	"slices"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

type projectRow struct {
	ID           string `gorm:"primaryKey"`
	UserID       string
	OwnerName    string `gorm:"->"` // read from users
	Name         string
	Config       projectConfig `gorm:"serializer:json"`
	DeployBranch string
	Stopped      bool
	Depth        string
	SleptAt      *time.Time
	Admission    string
	Notice       string
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt    time.Time `gorm:"autoUpdateTime:false"`
	DeletingAt   *time.Time
	App          *paas.App      `gorm:"serializer:json"`
	Formation    paas.Formation `gorm:"serializer:json"`
}

func (projectRow) TableName() string { return "projects" }

// projectConfig is the config column: what the first PaaSTech kept there, and the build's variables.
type projectConfig struct {
	Env      sealedEnv `json:"env"`
	BuildEnv sealedEnv `json:"buildEnv"`
}

func envPlace(project string) place      { return place{"projects", project, "config.env"} }
func buildEnvPlace(project string) place { return place{"projects", project, "config.buildEnv"} }

func (s *Store) newProjectRow(project paas.Project) projectRow {
	id, keys := string(project.ID), s.keys.Load()
	return projectRow{
		ID:           id,
		UserID:       string(project.Owner),
		Name:         project.Name,
		Config:       projectConfig{Env: keys.sealEnv(envPlace(id), project.Env), BuildEnv: keys.sealEnv(buildEnvPlace(id), project.BuildEnv)},
		DeployBranch: project.DeployBranch,
		Stopped:      project.Stopped,
		Admission:    string(project.Reception.Admission),
		Notice:       project.Reception.Notice,
		CreatedAt:    stored(project.CreatedAt),
		UpdatedAt:    stored(project.UpdatedAt),
		App:          &project.App,
		Formation:    project.Formation,
	}
}

func (s *Store) project(row projectRow) (paas.Project, error) {
	keys := s.keys.Load()
	env, err := keys.openEnv(envPlace(row.ID), row.Config.Env)
	if err != nil {
		return paas.Project{}, err
	}
	buildEnv, err := keys.openEnv(buildEnvPlace(row.ID), row.Config.BuildEnv)
	if err != nil {
		return paas.Project{}, err
	}
	project := paas.Project{
		ID:           paas.ProjectID(row.ID),
		Owner:        paas.UserID(row.UserID),
		OwnerName:    row.OwnerName,
		Name:         row.Name,
		Env:          env,
		BuildEnv:     buildEnv,
		DeployBranch: row.DeployBranch,
		Stopped:      row.Stopped,
		Depth:        paas.Depth(row.Depth),
		Reception:    paas.Reception{Admission: paas.Admission(row.Admission), Notice: row.Notice},
		CreatedAt:    row.CreatedAt.UTC(),
		UpdatedAt:    row.UpdatedAt.UTC(),
		Formation:    row.Formation,
	}
	if row.SleptAt != nil {
		project.SleptAt = row.SleptAt.UTC()
	}
	if row.App != nil {
		project.App = *row.App
	}
	return project, nil
}

// selectProjects begins a query of projects with their owners' names.
func selectProjects(db *gorm.DB) *gorm.DB {
	return db.Model(&projectRow{}).Select("projects.*, users.username AS owner_name").Joins("JOIN users ON users.id = projects.user_id")
}

// CreateProject stores a new project, unless its owner has as many as most already.
func (s *Store) CreateProject(ctx context.Context, project paas.Project, most int) error {
	return s.write(ctx, "create project", func(tx *gorm.DB) error {
		if err := lockUser(tx, project.Owner); err != nil {
			return err
		}
		if err := checkQuota(tx, project.Owner, most); err != nil {
			return err
		}
		row := s.newProjectRow(project)
		return tx.Create(&row).Error
	})
}

func checkQuota(tx *gorm.DB, owner paas.UserID, most int) error {
	if most <= 0 {
		return nil
	}
	var have int64
	if err := tx.Model(&projectRow{}).Where("user_id = ?", string(owner)).Where(present).Count(&have).Error; err != nil {
		return err
	}
	if have >= int64(most) {
		return paas.Errorf(paas.Forbidden, paas.EQuotaProjects, "You have %d projects, and may have %d: delete one, or ask an administrator for more.", have, most)
	}
	return nil
}

// Project reads a project.
func (s *Store) Project(ctx context.Context, id paas.ProjectID) (paas.Project, error) {
	return s.takeProject(s.read(ctx).Where("projects.id = ?", string(id)))
}

// ProjectByName reads a user's project by its name.
func (s *Store) ProjectByName(ctx context.Context, owner paas.UserID, name string) (paas.Project, error) {
	return s.takeProject(s.read(ctx).Where("projects.user_id = ? AND projects.name = ?", string(owner), name))
}

func (s *Store) takeProject(query *gorm.DB) (paas.Project, error) {
	var row projectRow
	if err := selectProjects(query).Where("projects.deleting_at IS NULL").Take(&row).Error; err != nil {
		return paas.Project{}, translate("read project", err)
	}
	return s.project(row)
}

// Projects lists a user's projects by name.
func (s *Store) Projects(ctx context.Context, owner paas.UserID) ([]paas.Project, error) {
	generation := s.generation.Load()
	if known, ok := s.projects.find(generation, owner); ok {
		return slices.Clone(known), nil
	}
	projects, err := s.listProjects(s.read(ctx).Where("projects.user_id = ? AND projects.deleting_at IS NULL", string(owner)))
	if err == nil {
		s.projects.keep(generation, owner, slices.Clone(projects))
	}
	return projects, err
}

// AllProjects lists everyone's projects, by owner and name.
func (s *Store) AllProjects(ctx context.Context) ([]paas.Project, error) {
	return s.listProjects(s.read(ctx).Where("projects.deleting_at IS NULL"))
}

// DeletingProjects lists the projects whose deletion has begun.
func (s *Store) DeletingProjects(ctx context.Context) ([]paas.Project, error) {
	return s.listProjects(s.read(ctx).Where("projects.deleting_at IS NOT NULL"))
}

func (s *Store) listProjects(query *gorm.DB) ([]paas.Project, error) {
	var rows []projectRow
	if err := selectProjects(query).Order("users.username_folded, projects.name").Find(&rows).Error; err != nil {
		return nil, translate("list projects", err)
	}
	return decrypt(rows, s.project)
}

// ChangeProject reads the project, applies change and writes it, with the time of the write, in one
// transaction. change must not call the store. Owner, id and time of creation cannot be changed.
func (s *Store) ChangeProject(ctx context.Context, id paas.ProjectID, change func(*paas.Project) error) (paas.Project, error) {
	var project paas.Project
	err := s.write(ctx, "change project", func(tx *gorm.DB) (err error) {
		if project, err = s.takeProject(locked(tx, "projects").Where("projects.id = ?", string(id))); err != nil {
			return err
		}
		if err := change(&project); err != nil {
			return err
		}
		project.UpdatedAt = stored(time.Now())
		row := s.newProjectRow(project)
		return tx.Where("id = ?", string(id)).
			Select("Name", "Config", "DeployBranch", "Stopped", "Admission", "Notice", "UpdatedAt", "App", "Formation").Updates(&row).Error
	})
	return project, err
}

// SetDepth keeps how deep a project sleeps, and since when.
func (s *Store) SetDepth(ctx context.Context, id paas.ProjectID, depth paas.Depth, since time.Time) error {
	var at *time.Time
	if !since.IsZero() {
		kept := stored(since)
		at = &kept
	}
	return s.write(ctx, "keep a project's sleep", func(tx *gorm.DB) error {
		return mustChange(tx.Model(&projectRow{}).Where("id = ?", string(id)).Updates(map[string]any{"depth": string(depth), "slept_at": at}))
	})
}

// BeginProjectDeletion makes the project invisible and ends the API tokens that are for it alone.
func (s *Store) BeginProjectDeletion(ctx context.Context, id paas.ProjectID) error {
	return s.write(ctx, "begin deletion of project", func(tx *gorm.DB) error {
		err := mustChange(tx.Model(&projectRow{}).Where("id = ?", string(id)).Where(present).Update("deleting_at", stored(time.Now())))
		if err != nil {
			return err
		}
		return tx.Where("project_id = ?", string(id)).Delete(&tokenRow{}).Error
	})
}

// DeleteProject removes the project and its deployments.
func (s *Store) DeleteProject(ctx context.Context, id paas.ProjectID) error {
	return s.write(ctx, "delete project", func(tx *gorm.DB) error {
		return mustChange(tx.Where("id = ?", string(id)).Delete(&projectRow{}))
	})
}

// lockProject lets one transaction at a time change the deployments of a project.
func lockProject(tx *gorm.DB, id paas.ProjectID) error {
	var row projectRow
	return locked(tx, "projects").Select("id").Where("id = ?", string(id)).Take(&row).Error
}

// lockPresentProject does not find a project whose deletion has begun.
func lockPresentProject(tx *gorm.DB, id paas.ProjectID) error {
	return lockProject(tx.Where(present), id)
}
