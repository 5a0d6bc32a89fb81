package paas

import (
	"context"
	"reflect"
	"strings"
)

// errNoProject is the one answer for a project that is not there and for one that is somebody else's.
var errNoProject = Errorf(NotFound, ENotFound, "There is no such project among yours. `paastech projects ls` shows them.")

// CreateProject makes a project and its empty repository.
func (p *Platform) CreateProject(ctx context.Context, owner User, name string) (Project, error) {
	if err := ValidateProjectName(name); err != nil {
		return Project{}, err
	}
	now := p.now()
	project := Project{
		ID: ProjectID(newID()), Owner: owner.ID, OwnerName: owner.Username, Name: name,
		Env: Env{}, BuildEnv: Env{}, CreatedAt: now, UpdatedAt: now,
	}
	if err := p.Store.CreateProject(ctx, project, p.LimitsOf(owner).Projects); err != nil {
		if IsKind(err, Conflict) {
			taken := Errorf(Conflict, ETaken, "You have a project named %q already; choose another name.", name)
			taken.Details = []Detail{{Field: "name", Message: taken.Message}}
			return Project{}, taken
		}
		return Project{}, err
	}
	if err := p.Repositories.Create(ctx, project.ID); err != nil {
		return Project{}, err
	}
	p.Router.Replace(p.route(project.ID, RouteNew))
	p.tellProject(ctx, EventProjectCreated, project, owner, "made the project "+name)
	return project, nil
}

// Project returns a project to its owner or an administrator; to anyone else it is not there.
func (p *Platform) Project(ctx context.Context, caller User, id ProjectID) (Project, error) {
	if !IsProjectID(string(id)) {
		return Project{}, errNoProject
	}
	project, err := p.Store.Project(ctx, id)
	if IsKind(err, NotFound) {
		return Project{}, errNoProject
	}
	if err != nil {
		return Project{}, err
	}
	if project.Owner != caller.ID && !caller.IsAdmin {
		return Project{}, errNoProject
	}
	return project, nil
}

// Projects lists the caller's own projects, by name.
func (p *Platform) Projects(ctx context.Context, caller User) ([]Project, error) {
	return p.Store.Projects(ctx, caller.ID)
}

// AllProjects lists everyone's projects, with owners.
func (p *Platform) AllProjects(ctx context.Context) ([]Project, error) {
	return p.Store.AllProjects(ctx)
}

// Repository finds the project that a git address means: <project-id> or <username>/<project>, with
// or without .git and slashes. Only the owner gets it: administrators have no git access.
func (p *Platform) Repository(ctx context.Context, caller User, path string) (Project, error) {
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	missing := Errorf(NotFound, ENotFound, "There is no such repository among yours. `paastech projects ls` shows your projects.")
	var project Project
	var err error
	if owner, name, ok := strings.Cut(path, "/"); ok {
		if !strings.EqualFold(owner, caller.Username) || ValidateProjectName(name) != nil {
			return Project{}, missing
		}
		project, err = p.Store.ProjectByName(ctx, caller.ID, name)
	} else {
		if !IsProjectID(path) {
			return Project{}, missing
		}
		project, err = p.Store.Project(ctx, ProjectID(path))
	}
	if IsKind(err, NotFound) || err == nil && project.Owner != caller.ID {
		return Project{}, missing
	}
	return project, err
}

// ProjectChange is what may be changed of a project itself; nil leaves a field as it is.
type ProjectChange struct {
	Name         *string
	DeployBranch *string
	App          *App             // what the owner sets over what the source declares
	Revision     string           // not empty: of the settings that the change of App is meant for
	Later        bool             // a change of App waits for the next deployment
	Queued       func(Deployment) // told the deployment that a change of App makes; may be nil
}

// changeWords says what is different of a project; nothing when nothing is.
func changeWords(before, after Project) string {
	var parts []string
	if before.Name != after.Name {
		parts = append(parts, "renamed the project to "+after.Name)
	}
	if before.DeployBranch != after.DeployBranch {
		parts = append(parts, "made "+after.DeployBranch+" the deploy branch")
	}
	if !reflect.DeepEqual(before.App, after.App) {
		parts = append(parts, "changed the settings")
	}
	return strings.Join(parts, " and ")
}

// errSettingsChanged refuses what was thought out for settings that are no longer so.
var errSettingsChanged = Errorf(Conflict, EConflict, "The settings were changed in the meantime. Look at what holds now, then save again.")

// UpdateProject changes a project's name, deploy branch or settings. Settings that change what runs are
// rolled out. The project returned is there once the change is stored, also when rolling it out has
// failed.
func (p *Platform) UpdateProject(ctx context.Context, caller User, id ProjectID, change ProjectChange) (Project, error) {
	project, err := p.Project(ctx, caller, id)
	if err != nil {
		return Project{}, err
	}
	if change.Name != nil {
		if err := ValidateProjectName(*change.Name); err != nil {
			return Project{}, err
		}
	}
	if change.App != nil {
		if err := change.App.Validate(); err != nil {
			return Project{}, err
		}
	}
	if change.DeployBranch != nil {
		if err := p.checkBranch(ctx, project, *change.DeployBranch); err != nil {
			return Project{}, err
		}
	}
	var before Project
	project, err = p.Store.ChangeProject(ctx, id, func(project *Project) error {
		if change.App != nil && change.Revision != "" && change.Revision != p.SettingsRevision(*project) {
			return errSettingsChanged
		}
		before = *project
		if change.Name != nil {
			project.Name = *change.Name
		}
		if change.DeployBranch != nil {
			project.DeployBranch = *change.DeployBranch
		}
		if change.App != nil {
			project.App = *change.App
		}
		project.UpdatedAt = p.now()
		return nil
	})
	if err != nil {
		return Project{}, err
	}
	if changed := changeWords(before, project); changed != "" {
		p.tellProject(ctx, EventProjectChanged, project, caller, changed)
	}
	if change.App == nil || change.Later {
		return project, nil
	}
	return project, p.rollOutSettings(ctx, caller, project, change.Queued)
}

// rollOutSettings deploys a live project anew when its settings change what runs.
func (p *Platform) rollOutSettings(ctx context.Context, caller User, project Project, queued func(Deployment)) error {
	live, err := p.Store.LiveDeployment(ctx, project.ID)
	if IsKind(err, NotFound) || err == nil && (project.Stopped || live.runsSettings(project)) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = p.redeploy(ctx, caller, live, ReasonSettings, queued)
	return err
}

// checkBranch refuses a deploy branch that is not in the repository, then makes it HEAD.
func (p *Platform) checkBranch(ctx context.Context, project Project, branch string) error {
	if !validBranch(branch) {
		return InvalidField("branch", "%q is not the name of a branch.", branch)
	}
	if _, err := p.Repositories.Resolve(ctx, project.ID, branch); err != nil {
		if IsKind(err, NotFound) {
			return InvalidField("branch", "The repository has no branch %q yet: push it first.", branch)
		}
		return err
	}
	return p.Repositories.SetHead(ctx, project.ID, branch)
}

// validBranch is stricter than git check-ref-format: what is left is harmless in any message or file.
func validBranch(branch string) bool {
	if branch == "" || len(branch) > 200 || strings.HasPrefix(branch, "-") || strings.HasSuffix(branch, ".lock") {
		return false
	}
	for _, part := range strings.Split(branch, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.Contains(part, "..") {
			return false
		}
	}
	return !strings.ContainsFunc(branch, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`~^:?*[\@{"'$;&|<>()`+"`", r)
	})
}
