package gitserver_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestPushDeploys(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	var tree []string
	w.builder.onBuild(func(_ context.Context, b paas.Build) error {
		filepath.WalkDir(b.Dir, func(path string, _ os.DirEntry, _ error) error {
			tree = append(tree, strings.TrimPrefix(path, b.Dir))
			return nil
		})
		return nil
	})
	out := ada.git(dir, "push", "paastech", "main")
	contains(t, out, "remote: Building number 1", "remote: v1 is live at http://"+string(project.ID)+".user-app.localhost:8080", "[new branch]")
	if got := strings.Join(tree, " "); got != " /index.js" {
		t.Errorf("the builder saw %q", got)
	}
	if w.branch(project, "main") == "" || w.deployments(project)[0].State != paas.Live {
		t.Error("not deployed")
	}
	clone := t.TempDir()
	ada.git(clone, "clone", "-q", w.address(project), "copy")
	if content, err := os.ReadFile(filepath.Join(clone, "copy", "index.js")); err != nil || string(content) != "hello" {
		t.Errorf("clone: %q, %v", content, err)
	}
	w.fsck(project)
}

func TestFailedBuildRejectsThePush(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.git(dir, "push", "paastech", "main")
	before := w.branch(project, "main")
	ada.commit(dir, "index.js", "broken")
	w.builder.onBuild(func(context.Context, paas.Build) error {
		return paas.Errorf(paas.Rejected, paas.EBuildFailed, "npm install failed.")
	})
	out, code := ada.try(dir, "push", "paastech", "main")
	if code == 0 || strings.Count(out, "remote: E_BUILD_FAILED: npm install failed.") != 1 || w.branch(project, "main") != before {
		t.Errorf("exit %d, branch moved: %v\n%s", code, w.branch(project, "main") != before, out)
	}
	kept, err := os.ReadFile(filepath.Join(w.dir, "logs", string(project.ID), "2.log"))
	if err != nil || strings.Count(string(kept), "E_BUILD_FAILED: npm install failed.") != 1 {
		t.Errorf("kept log: %q, %v", kept, err)
	}
	w.builder.onBuild(nil)
	contains(t, ada.git(dir, "push", "paastech", "main"), "v3 is live")
}

func TestFailedStartRejectsThePush(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	w.engine.onStart(&paas.Readiness{Ended: true, ExitCode: 3})
	out, code := ada.try(dir, "push", "paastech", "main")
	if code == 0 || strings.Count(out, "remote: E_CRASHED: ") != 1 || w.branch(project, "main") != "" {
		t.Errorf("exit %d\n%s", code, out)
	}
	contains(t, out, "remote: the app's last words")
}

func TestWhatTheCommitSaysIsKept(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.git(dir, "commit", "--allow-empty", "--author", "Grace Hopper <grace@example.com>", "-m", "Find the <moth>\x1b[31m", "-m", strings.Repeat("It was in the relay.\n", 2000))
	ada.git(dir, "push", "paastech", "main")
	d, err := w.store.LiveDeployment(t.Context(), project.ID)
	if want := (paas.CommitNote{Subject: "Find the <moth> [31m", Author: "Grace Hopper"}); err != nil || d.Note != want {
		t.Errorf("kept %q, %v", d.Note, err)
	}
}

func TestInternalErrorsAreHidden(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	w.builder.onBuild(func(context.Context, paas.Build) error { return os.ErrPermission })
	out, code := ada.try(dir, "push", "paastech", "main")
	contains(t, out, "remote: E_INTERNAL: ")
	if code == 0 || strings.Contains(out, os.ErrPermission.Error()) {
		t.Errorf("exit %d\n%s", code, out)
	}
	contains(t, w.log.String(), os.ErrPermission.Error())
}

// T27: what moves no branch builds nothing.
func TestEmptyPushesStartNoBuilds(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.git(dir, "push", "paastech", "main")
	for range soak(5, 100) {
		contains(t, ada.git(dir, "push", "paastech", "main"), "Everything up-to-date")
	}
	ada.git(dir, "tag", "v1")
	contains(t, ada.git(dir, "push", "paastech", "v1"), "remote: Stored tags/v1. Tags are not deployed.")
	contains(t, ada.git(dir, "push", "paastech", "main:other"), "remote: Stored branch other, not deployed")
	if n := w.builder.count(); n != 1 {
		t.Errorf("%d builds", n)
	}
}

func TestHeadFollowsTheDeployBranch(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.git(dir, "branch", "-m", "master")
	ada.git(dir, "push", "paastech", "master")
	head, err := os.ReadFile(filepath.Join(w.repository(project), "HEAD"))
	if err != nil || string(head) != "ref: refs/heads/master\n" {
		t.Errorf("HEAD is %q, %v", head, err)
	}
	out, code := ada.try(dir, "push", "paastech", ":master")
	if code == 0 {
		t.Errorf("the deploy branch was deleted:\n%s", out)
	}
	contains(t, out, "remote: E_CONFLICT: ")
}

// What git would refuse after the new version is live must be refused before.
func TestRefsThatGitCannotStoreDeployNothing(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.git(dir, "push", "paastech", "main:main/old")
	out, code := ada.try(dir, "push", "paastech", "main")
	if code == 0 || w.builder.count() != 0 {
		t.Errorf("exit %d, %d builds\n%s", code, w.builder.count(), out)
	}
	contains(t, out, "remote: E_CONFLICT: refs/heads/main and refs/heads/main/old")

	other := ada.project("other")
	ada.git(dir, "remote", "add", "other", w.address(other))
	ada.git(dir, "tag", "-a", "-m", "annotated", "release")
	out, code = ada.try(dir, "push", "other", "release^{tag}:refs/heads/main")
	if code == 0 || w.builder.count() != 0 {
		t.Errorf("exit %d, %d builds\n%s", code, w.builder.count(), out)
	}
}

// Continuous integration clones are shallow; whole ones push to the same project.
func TestShallowClonesPush(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	whole := ada.repositoryFor(project)
	ada.commit(whole, "two", "2")
	ada.commit(whole, "three", "3")
	ci := t.TempDir()
	ada.git(ci, "clone", "-q", "--depth=1", "file://"+whole, "shallow")
	shallow := filepath.Join(ci, "shallow")
	ada.git(shallow, "push", w.address(project), "main")
	ada.commit(whole, "four", "4")
	ada.git(whole, "push", "paastech", "main")
	if out, code := ada.try(whole, "push", "--force", "paastech", "main~3:main"); code == 0 || !strings.Contains(out, "remote: E_CONFLICT: The push leaves out objects") {
		t.Errorf("history that is not there: exit %d\n%s", code, out)
	}
	ada.commit(whole, "five", "5")
	ada.git(ci, "clone", "-q", "--depth=1", "file://"+whole, "again")
	ada.git(filepath.Join(ci, "again"), "push", "--force", w.address(project), "main")
	if w.branch(project, "main") != ada.git(whole, "rev-parse", "main") || w.builder.count() != 3 {
		t.Errorf("main is at %s after %d builds", w.branch(project, "main"), w.builder.count())
	}
	ada.git(ci, "clone", "-q", w.address(project), "copy")
	w.fsck(project)
}

func TestForcedPushDeploys(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.commit(dir, "a", "1")
	ada.git(dir, "push", "paastech", "main")
	ada.git(dir, "reset", "-q", "--hard", "HEAD~1")
	ada.commit(dir, "b", "2")
	ada.git(dir, "push", "--force", "paastech", "main")
	if w.branch(project, "main") != ada.git(dir, "rev-parse", "main") || w.builder.count() != 2 {
		t.Error("a forced push did not deploy")
	}
}
