package paas_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestPushGoesLive(t *testing.T) {
	w := newWorld(t)
	seen := w.mustPush("one")
	if want := "v1 is live at http://" + string(w.project.ID) + ".user-app.localhost:8080"; !strings.Contains(seen, want) {
		t.Errorf("the pusher saw %q, not %q", seen, want)
	}
	state := w.status()
	if state.Status != paas.StatusRunning || state.Live.Commit != "c0ffee" || state.Live.Port != 8080 {
		t.Errorf("state %+v, live %+v", state, state.Live)
	}
	project, _ := w.Project(t.Context(), w.ada, w.project.ID)
	if project.DeployBranch != "main" || w.repos.heads[project.ID] != "main" {
		t.Errorf("deploy branch %q, HEAD %q", project.DeployBranch, w.repos.heads[project.ID])
	}
	if w.router.state(w.Hostname(w.project.ID)) != paas.RouteLive {
		t.Error("no live route")
	}
}

func TestNewVersionReplacesOld(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.mustPush("two")
	w.eventuallyRunning("two")
	first, err := w.Deployment(t.Context(), w.ada, w.project.ID, 1)
	if err != nil || first.State != paas.Superseded {
		t.Errorf("v1 is %s, %v", first.State, err)
	}
}

func TestFailedBuildLeavesOldVersion(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	seen, err := w.push(t.Context(), "main", tree{"image": "two", "FAIL": ""})
	if !paas.IsCode(err, paas.EBuildFailed) {
		t.Fatalf("error %v\n%s", err, seen)
	}
	second, _ := w.Deployment(t.Context(), w.ada, w.project.ID, 2)
	if second.State != paas.Failed || second.Diagnosis.Code != paas.EBuildFailed {
		t.Errorf("v2 %+v", second)
	}
	w.eventuallyRunning("one")
	if state := w.status(); state.Status != paas.StatusRunning {
		t.Errorf("status %s", state.Status)
	}
}

func TestVersionThatNeverListensIsRemoved(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.engine.readiness["two"] = paas.Readiness{Listeners: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:3000")}}
	seen, err := w.push(t.Context(), "main", tree{"image": "two"})
	if !paas.IsCode(err, paas.ENoPort) || !strings.Contains(seen, "last words") {
		t.Fatalf("error %v\n%s", err, seen)
	}
	w.eventuallyRunning("one")
}

func TestLostPusherCancelsTheBuild(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := w.push(ctx, "main", tree{"image": "one", "SLOW": ""})
		result <- err
	}()
	<-w.builder.building
	cancel()
	if err := <-result; !paas.IsKind(err, paas.Canceled) {
		t.Fatalf("error %v", err)
	}
	if d, _ := w.Deployment(t.Context(), w.ada, w.project.ID, 1); d.State != paas.Aborted {
		t.Errorf("v1 is %s", d.State)
	}
}

func TestShutdownEndsBuildsAndSaysSo(t *testing.T) {
	w := newWorld(t)
	result := make(chan error, 1)
	go func() {
		_, err := w.push(t.Context(), "main", tree{"image": "one", "SLOW": ""})
		result <- err
	}()
	<-w.builder.building
	w.halt()
	if err := <-result; !paas.IsCode(err, paas.EShuttingDown) {
		t.Fatalf("error %v", err)
	}
}

func TestLostCallerDoesNotCancelARestart(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.engine.awaiting = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := w.Restart(ctx, w.ada, w.project.ID, func(paas.Deployment) { cancel() })
	if err == nil {
		t.Fatal("the watcher of a restart got an answer although its context ended")
	}
	close(w.engine.awaiting)
	w.eventually("v2 is live", func() bool {
		d, err := w.Deployment(t.Context(), w.ada, w.project.ID, 2)
		return err == nil && d.State == paas.Live
	})
}

func TestOtherBranchesAndTagsAreStored(t *testing.T) {
	w := newWorld(t)
	seen, err := w.push(t.Context(), "feature", tree{})
	if err != nil || !strings.Contains(seen, "paastech projects branch feature") {
		t.Errorf("first branch feature: %v, %q", err, seen)
	}
	w.mustPush("one")
	seen, err = w.push(t.Context(), "master", tree{})
	if err != nil || !strings.Contains(seen, "deploys main") {
		t.Errorf("second branch master: %v, %q", err, seen)
	}
	if all, _ := w.Deployments(t.Context(), w.ada, w.project.ID, 0, 0); len(all) != 1 {
		t.Errorf("%d deployments", len(all))
	}
}

func TestHostileRefsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	for _, update := range []paas.RefUpdate{
		{Ref: "refs/heads/main", Old: "c0ffee", New: "0000"},
		{Ref: "refs/heads/a;touch b", Old: "0000", New: "c0ffee"},
		{Ref: "refs/heads/$(id)", Old: "0000", New: "c0ffee"},
		{Ref: "refs/heads/../x", Old: "0000", New: "c0ffee"},
		{Ref: "refs/heads/-x", Old: "0000", New: "c0ffee"},
		{Ref: "refs/tags/a b", Old: "0000", New: "c0ffee"},
		{Ref: "refs/notes/x", Old: "0000", New: "c0ffee"},
		{Ref: "HEAD", Old: "0000", New: "c0ffee"},
	} {
		var seen strings.Builder
		if err := w.Push(t.Context(), paas.Push{Project: w.project, By: w.ada, Source: tree{}, Output: &seen, Updates: []paas.RefUpdate{update}}); err == nil {
			t.Errorf("%s was taken", update.Ref)
		}
	}
}

func TestEnvChangeIsADeployment(t *testing.T) {
	w := newWorld(t)
	value := paas.Secret("1")
	set := paas.EnvChange{Set: map[string]*paas.Secret{"A": &value}}
	if _, d, err := w.ChangeEnv(t.Context(), w.ada, w.project.ID, set); err != nil || d != nil {
		t.Fatalf("before the first build: %v, %v", d, err)
	}
	w.mustPush("one")
	if live := w.live(); live.Env["A"] != "1" {
		t.Errorf("v1 has %v", live.Env.Lines())
	}
	value = "2"
	_, d, err := w.ChangeEnv(t.Context(), w.ada, w.project.ID, set)
	if err != nil || d.Number != 2 || d.State != paas.Live || d.Reason != paas.ReasonEnv || d.Env["A"] != "2" {
		t.Errorf("deployment %+v, %v", d, err)
	}
	if _, d, err = w.ChangeEnv(t.Context(), w.ada, w.project.ID, set); err != nil || d.Number != 2 {
		t.Errorf("a change that changes nothing made %+v, %v", d, err)
	}
	if len(w.builder.builds) != 1 {
		t.Errorf("%d builds", len(w.builder.builds))
	}
	if _, _, err = w.ChangeEnv(t.Context(), w.ada, w.project.ID, paas.EnvChange{Replace: paas.Env{"A": "1", "PAASTECH_X": "1"}}); !paas.IsKind(err, paas.Invalid) {
		t.Errorf("PAASTECH_X: %v", err)
	}
	if project, _ := w.Project(t.Context(), w.ada, w.project.ID); project.Env["A"] != "2" || len(project.Env) != 1 {
		t.Errorf("a refused change left %v", project.Env.Lines())
	}
}

func TestBuildVariablesReachOnlyTheBuild(t *testing.T) {
	w := newWorld(t)
	value := paas.Secret("s3cret")
	if _, d, err := w.ChangeEnv(t.Context(), w.ada, w.project.ID, paas.EnvChange{Set: map[string]*paas.Secret{"TOKEN": &value}, Build: true}); err != nil || d != nil {
		t.Fatal(d, err)
	}
	seen := w.mustPush("one")
	if w.builder.builds[0].Env["TOKEN"] != "s3cret" || len(w.live().Env) != 0 || strings.Contains(seen, "s3cret") {
		t.Errorf("build %v, live %v", w.builder.builds[0].Env.Lines(), w.live().Env.Lines())
	}
}

func TestEnvOfTheTreeOnlyFillsAnEmptyProject(t *testing.T) {
	w := newWorld(t)
	w.builder.plan = paas.BuildPlan{File: "paastech.yaml", AppEnv: paas.Env{"PORT": "80"}, Project: "another"}
	seen := w.mustPush("one")
	if live := w.status().Live; live.Port != 80 || !strings.Contains(seen, "names another project") || !strings.Contains(seen, "was applied (PORT)") {
		t.Errorf("port %d\n%s", live.Port, seen)
	}
	w.builder.plan.AppEnv = paas.Env{"PORT": "81"}
	if seen = w.mustPush("two"); w.status().Live.Port != 80 || !strings.Contains(seen, "was not applied") {
		t.Errorf("second push: port %d\n%s", w.status().Live.Port, seen)
	}
}

func TestDeployRestartStopStart(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Deploy(t.Context(), w.ada, w.project.ID, paas.DeployOptions{}); !paas.IsCode(err, paas.ENeverBuilt) {
		t.Errorf("deploy before the first push: %v", err)
	}
	w.mustPush("one")
	if d, err := w.Deploy(t.Context(), w.ada, w.project.ID, paas.DeployOptions{}); err != nil || d.Number != 1 {
		t.Errorf("a deploy that changes nothing: %+v, %v", d, err)
	}
	if d, err := w.Restart(t.Context(), w.ada, w.project.ID, nil); err != nil || d.Number != 2 {
		t.Errorf("restart: %+v, %v", d, err)
	}
	w.eventuallyRunning("one")
	if err := w.Stop(t.Context(), w.ada, w.project.ID); err != nil {
		t.Fatal(err)
	}
	if state := w.status(); state.Status != paas.StatusStopped || w.router.state(w.Hostname(w.project.ID)) != paas.RouteStopped {
		t.Errorf("stopped: %s", state.Status)
	}
	if err := w.Reconcile(t.Context()); err != nil || len(w.running()) != 0 {
		t.Errorf("reconciliation started %v, %v", w.running(), err)
	}
	if d, err := w.Start(t.Context(), w.ada, w.project.ID, nil); err != nil || d.State != paas.Live {
		t.Errorf("start: %+v, %v", d, err)
	}
	w.eventuallyRunning("one")
}

func TestRejectedImageIsNotRedeployed(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.engine.readiness["two"] = paas.Readiness{Ended: true, ExitCode: 1}
	if _, err := w.push(t.Context(), "main", tree{"image": "two"}); !paas.IsCode(err, paas.ECrashed) {
		t.Fatal(err)
	}
	if d, err := w.Restart(t.Context(), w.ada, w.project.ID, nil); err != nil || d.Image.Ref != "one" {
		t.Errorf("restart ran %s, %v", d.Image.Ref, err)
	}
}

func TestStrangersSeeNothing(t *testing.T) {
	w := newWorld(t)
	eve, err := w.CreateUser(t.Context(), paas.NewUser{Username: "eve", Email: "eve@example.com", Password: "password8"})
	if err != nil {
		t.Fatal(err)
	}
	missing, _ := w.Project(t.Context(), eve, "00000000-0000-4000-8000-000000000000")
	_, foreign := w.Project(t.Context(), eve, w.project.ID)
	_, nowhere := w.Project(t.Context(), eve, "00000000-0000-4000-8000-000000000000")
	if missing.ID != "" || foreign == nil || foreign.Error() != nowhere.Error() {
		t.Errorf("foreign %v, missing %v", foreign, nowhere)
	}
	for _, path := range []string{string(w.project.ID), "ada/hello", "/ada/hello.git/", "eve/hello", "../" + string(w.project.ID), "ada/../hello"} {
		if _, err := w.Repository(t.Context(), eve, path); !paas.IsKind(err, paas.NotFound) {
			t.Errorf("eve opened %s: %v", path, err)
		}
	}
	for _, path := range []string{string(w.project.ID), "/" + string(w.project.ID) + ".git", "ada/hello", "Ada/hello.git", "/ada/hello/"} {
		if project, err := w.Repository(t.Context(), w.ada, path); err != nil || project.ID != w.project.ID {
			t.Errorf("ada did not get %s: %v", path, err)
		}
	}
}

func TestDeleteTakesEverything(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	if err := w.DeleteProject(t.Context(), w.ada, w.project.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Project(t.Context(), w.ada, w.project.ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("the project is there: %v", err)
	}
	if len(w.running()) != 0 || len(w.repos.heads) != 0 || len(w.router.Routes()) != 0 {
		t.Errorf("left: %v %v %v", w.running(), w.repos.heads, w.router.Routes())
	}
}

func TestLogin(t *testing.T) {
	w := newWorld(t)
	session, user, err := w.Login(t.Context(), paas.LoginAttempt{Email: "ADA@example.com", Password: "correct horse"})
	if err != nil || user.ID != w.ada.ID {
		t.Fatal(err)
	}
	if _, err := w.Session(t.Context(), session.ID); err != nil {
		t.Error(err)
	}
	_, _, wrong := w.Login(t.Context(), paas.LoginAttempt{Email: "ada@example.com", Password: "wrong"})
	_, _, unknown := w.Login(t.Context(), paas.LoginAttempt{Email: "nobody@example.com", Password: "wrong"})
	if wrong == nil || wrong.Error() != unknown.Error() {
		t.Errorf("wrong %v, unknown %v", wrong, unknown)
	}
	if err := w.SetPassword(t.Context(), "ada", "another one"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Session(t.Context(), session.ID); !paas.IsKind(err, paas.Unauthenticated) {
		t.Errorf("a session outlived its password: %v", err)
	}
}
