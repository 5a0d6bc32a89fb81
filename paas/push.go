package paas

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Push is what a client wants to change in a project's repository. Nothing of it has happened yet.
type Push struct {
	Project Project
	By      User
	Updates []RefUpdate
	Source  Source
	Output  io.Writer // shown to the person who pushes, line by line
}

// Push decides about a push and, when it moves the deploy branch, builds and deploys it. An error
// rejects the whole push: no ref moves. Until the new version is live the end of ctx cancels it.
func (p *Platform) Push(ctx context.Context, push Push) error {
	project, err := p.Store.Project(ctx, push.Project.ID)
	if err != nil {
		return err
	}
	push.Project = project
	if err := checkUpdates(project, push.Updates); err != nil {
		return err
	}
	update, deploys := deployUpdate(project, push.Updates)
	p.sayStored(push, update, deploys)
	if !deploys {
		return nil
	}
	branch := strings.TrimPrefix(update.Ref, branchPrefix)
	if err := p.deployPush(ctx, push, branch, update.New); err != nil {
		return err
	}
	if project.DeployBranch == "" {
		return p.settleBranch(context.WithoutCancel(ctx), project.ID, branch)
	}
	return nil
}

const branchPrefix = "refs/heads/"

// checkUpdates refuses ref names that could hurt later, and the end of the deploy branch.
func checkUpdates(project Project, updates []RefUpdate) error {
	for _, update := range updates {
		name, isBranch := strings.CutPrefix(update.Ref, branchPrefix)
		tag, isTag := strings.CutPrefix(update.Ref, "refs/tags/")
		switch {
		case update.Deletes() && isBranch && name == project.DeployBranch:
			return Errorf(Conflict, EConflict, "%s is the branch this project deploys: it cannot be deleted. `paastech projects branch NAME` makes another one the deploy branch.", name)
		case update.Deletes() && (isBranch || isTag):
		case isBranch && validBranch(name), isTag && validBranch(tag):
		case isBranch || isTag:
			return Errorf(Invalid, EInvalid, "%q is not an acceptable name: use letters, digits and . _ - / in names of branches and tags.", strings.TrimPrefix(strings.TrimPrefix(update.Ref, branchPrefix), "refs/tags/"))
		default:
			return Errorf(Invalid, EInvalid, "%q is neither a branch nor a tag; only these can be pushed.", update.Ref)
		}
	}
	return nil
}

// deployUpdate finds the update that deploys: of the deploy branch or, while there is none, of main
// or master.
func deployUpdate(project Project, updates []RefUpdate) (RefUpdate, bool) {
	wanted := []string{project.DeployBranch}
	if project.DeployBranch == "" {
		wanted = []string{"main", "master"}
	}
	for _, branch := range wanted {
		for _, update := range updates {
			if update.Ref == branchPrefix+branch && !update.Deletes() {
				return update, true
			}
		}
	}
	return RefUpdate{}, false
}

func (p *Platform) sayStored(push Push, deployed RefUpdate, deploys bool) {
	for _, update := range push.Updates {
		if update.Deletes() || deploys && update == deployed {
			continue
		}
		name, isBranch := strings.CutPrefix(update.Ref, branchPrefix)
		switch {
		case !isBranch:
			fmt.Fprintf(push.Output, "Stored %s. Tags are not deployed.\n", strings.TrimPrefix(update.Ref, "refs/"))
		case push.Project.DeployBranch == "":
			fmt.Fprintf(push.Output, "Stored branch %s, not deployed: push main or master, or make this one the deploy branch with `paastech projects branch %s` and push again.\n", name, name)
		default:
			fmt.Fprintf(push.Output, "Stored branch %s, not deployed: this project deploys %s. `paastech projects branch %s` changes that.\n", name, push.Project.DeployBranch, name)
		}
	}
}

// settleBranch makes the first deployed branch the deploy branch, and HEAD.
func (p *Platform) settleBranch(ctx context.Context, id ProjectID, branch string) error {
	_, err := p.Store.ChangeProject(ctx, id, func(project *Project) error {
		project.DeployBranch = branch
		return nil
	})
	if err != nil {
		return err
	}
	return p.Repositories.SetHead(ctx, id, branch)
}

// deployPush copies the tree out of the quarantine, builds it and rolls it out.
func (p *Platform) deployPush(ctx context.Context, push Push, branch string, commit CommitID) error {
	claim, err := p.claimBuild(ctx, push.Project)
	if err != nil {
		return err
	}
	defer claim.release()
	if err := p.checkRoom(ctx); err != nil {
		return err
	}
	if err := p.Builder.Prepare(ctx, push.Output); err != nil {
		return err
	}
	trees := filepath.Join(p.DataDir, "trees")
	if err := os.MkdirAll(trees, 0o700); err != nil {
		return fmt.Errorf("make a place for the source: %w", err)
	}
	dir, err := os.MkdirTemp(trees, "push-")
	if err != nil {
		return fmt.Errorf("make a place for the source: %w", err)
	}
	defer os.RemoveAll(dir)
	note, err := push.Source.Checkout(ctx, commit, dir)
	if err != nil {
		return err
	}
	plan, err := p.Builder.Plan(ctx, dir)
	if err != nil {
		return err
	}
	if err := p.checkVolumes(ctx, push.Project.ID, plan.App.With(push.Project.App), ReasonPush); err != nil {
		return err // before the build, whose work would be lost
	}
	if err := p.applyPlan(ctx, push, plan); err != nil {
		return err
	}
	deployment := Deployment{Project: push.Project.ID, Reason: ReasonPush, By: push.By.ID, Branch: branch, Commit: commit, Note: note}
	build := func(ctx context.Context, d Deployment, out io.Writer) (Image, error) {
		defer claim.built()
		image, err := p.Builder.Build(ctx, Build{
			Project: push.Project.ID, Deployment: d.Number, Dir: dir, Plan: plan, Env: push.Project.BuildEnv, Output: out,
		})
		image.App = plan.App
		return image, err
	}
	_, err = p.deploy(ctx, deployment, rollout{claim: claim, build: build, output: push.Output, tied: true})
	return err
}

// applyPlan says what the tree's own configuration means for this push, and takes its env over
// while the project has none.
func (p *Platform) applyPlan(ctx context.Context, push Push, plan BuildPlan) error {
	say := func(format string, args ...any) { fmt.Fprintf(push.Output, format+"\n", args...) }
	if plan.File != "" {
		say("Build configuration read from %s.", plan.File)
	}
	for _, note := range plan.Notes {
		say("%s", note)
	}
	if plan.Project != "" && plan.Project != push.Project.ID {
		say("Warning: %s names another project (%s); this push deploys %s.", plan.File, plan.Project, push.Project.Name)
	}
	if len(plan.AppEnv) == 0 {
		return nil
	}
	if len(push.Project.Env) > 0 {
		say("The env of %s was not applied: the project has variables of its own (`paastech env ls`).", plan.File)
		return nil
	}
	if err := plan.AppEnv.Validate(); err != nil {
		return err
	}
	_, err := p.Store.ChangeProject(ctx, push.Project.ID, func(project *Project) error {
		if len(project.Env) == 0 {
			project.Env = plan.AppEnv
		}
		return nil
	})
	if err == nil {
		say("The env of %s was applied (%s).", plan.File, strings.Join(sortedKeys(plan.AppEnv), ", "))
	}
	return err
}

func sortedKeys(env Env) []string {
	keys := make([]string, 0, len(env))
	for key := range env {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
