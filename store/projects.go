package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type projectRow struct {
	ID           string `gorm:"primaryKey"`
	UserID       string
	OwnerName    string `gorm:"->"` // read from users
	Name         string
	Config       projectConfig `gorm:"serializer:json"`
	DeployBranch string
	Stopped      bool
	CreatedAt    time.Time
	UpdatedAt    time.Time `gorm:"autoUpdateTime:false"`
}

func (projectRow) TableName() string { return "projects" }

// projectConfig is the config column: what the first PaaSTech kept there, and the build's variables.
type projectConfig struct {
	Env      paas.Env `json:"env"`
	BuildEnv paas.Env `json:"buildEnv"`
}

func newProjectRow(project paas.Project) projectRow {
	return projectRow{
		ID:           string(project.ID),
		UserID:       string(project.Owner),
		Name:         project.Name,
		Config:       projectConfig{Env: present(project.Env), BuildEnv: present(project.BuildEnv)},
		DeployBranch: project.DeployBranch,
		Stopped:      project.Stopped,
		CreatedAt:    stored(project.CreatedAt),
		UpdatedAt:    stored(project.UpdatedAt),
	}
}

func (row projectRow) project() paas.Project {
	return paas.Project{
		ID:           paas.ProjectID(row.ID),
		Owner:        paas.UserID(row.UserID),
		OwnerName:    row.OwnerName,
		Name:         row.Name,
		Env:          present(row.Config.Env),
		BuildEnv:     present(row.Config.BuildEnv),
		DeployBranch: row.DeployBranch,
		Stopped:      row.Stopped,
		CreatedAt:    row.CreatedAt.UTC(),
		UpdatedAt:    row.UpdatedAt.UTC(),
	}
}

// present makes no variables an empty set.
func present(env paas.Env) paas.Env {
	if env == nil {
		return paas.Env{}
	}
	return env
}

// selectProjects begins a query of projects with their owners' names.
func selectProjects(db *gorm.DB) *gorm.DB {
	return db.Model(&projectRow{}).Select("projects.*, users.username AS owner_name").Joins("JOIN users ON users.id = projects.user_id")
}

// CreateProject stores a new project.
func (s *Store) CreateProject(ctx context.Context, project paas.Project) error {
	return s.write(ctx, "create project", func(tx *gorm.DB) error {
		row := newProjectRow(project)
		return tx.Create(&row).Error
	})
}

// Project reads a project.
func (s *Store) Project(ctx context.Context, id paas.ProjectID) (paas.Project, error) {
	return takeProject(s.read(ctx).Where("projects.id = ?", string(id)))
}

// ProjectByName reads a user's project by its name.
func (s *Store) ProjectByName(ctx context.Context, owner paas.UserID, name string) (paas.Project, error) {
	return takeProject(s.read(ctx).Where("projects.user_id = ? AND projects.name = ?", string(owner), name))
}

func takeProject(query *gorm.DB) (paas.Project, error) {
	var row projectRow
	err := selectProjects(query).Take(&row).Error
	return row.project(), translate("read project", err)
}

// Projects lists a user's projects by name.
func (s *Store) Projects(ctx context.Context, owner paas.UserID) ([]paas.Project, error) {
	return listProjects(s.read(ctx).Where("projects.user_id = ?", string(owner)))
}

// AllProjects lists everyone's projects, by owner and name.
func (s *Store) AllProjects(ctx context.Context) ([]paas.Project, error) {
	return listProjects(s.read(ctx))
}

func listProjects(query *gorm.DB) ([]paas.Project, error) {
	var rows []projectRow
	err := selectProjects(query).Order("users.username_folded, projects.name").Find(&rows).Error
	return convert(rows, projectRow.project), translate("list projects", err)
}

// ChangeProject reads the project, applies change and writes it, with the time of the write, in one
// transaction. change must not call the store. Owner, id and time of creation cannot be changed.
func (s *Store) ChangeProject(ctx context.Context, id paas.ProjectID, change func(*paas.Project) error) (paas.Project, error) {
	var project paas.Project
	err := s.write(ctx, "change project", func(tx *gorm.DB) (err error) {
		if project, err = takeProject(locked(tx, "projects").Where("projects.id = ?", string(id))); err != nil {
			return err
		}
		if err := change(&project); err != nil {
			return err
		}
		project.UpdatedAt = stored(time.Now())
		row := newProjectRow(project)
		return tx.Where("id = ?", string(id)).
			Select("Name", "Config", "DeployBranch", "Stopped", "UpdatedAt").Updates(&row).Error
	})
	return project, err
}

// locked keeps the rows of a table that a query meets from other writers until the transaction
// ends. SQLite, whose transactions exclude each other, leaves it out.
func locked(tx *gorm.DB, table string) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate, Table: clause.Table{Name: table}})
}

// DeleteProject removes the project and its deployments.
func (s *Store) DeleteProject(ctx context.Context, id paas.ProjectID) error {
	return s.write(ctx, "delete project", func(tx *gorm.DB) error {
		return mustChange(tx.Where("id = ?", string(id)).Delete(&projectRow{}))
	})
}
