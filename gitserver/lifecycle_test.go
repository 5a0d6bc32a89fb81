package gitserver_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/paas"
)

// blockBuilds makes builds wait: each sends on the first channel, and goes on with the second.
func blockBuilds(w *world) (begun <-chan struct{}, goOn chan<- struct{}) {
	started, released := make(chan struct{}, 100), make(chan struct{}, 100)
	w.builder.onBuild(func(ctx context.Context, b paas.Build) error {
		started <- struct{}{}
		select {
		case <-released:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	return started, released
}

// begin starts a push, what it prints can be read meanwhile; the function waits for its end.
func (p *person) begin(dir string, args ...string) (*exec.Cmd, func() (string, error)) {
	p.tb.Helper()
	cmd := p.command(dir, "git", append([]string{"push"}, args...)...)
	out := &record{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		p.tb.Fatal(err)
	}
	return cmd, sync.OnceValues(func() (string, error) {
		err := cmd.Wait()
		return out.String(), err
	})
}

// interrupt is Ctrl-C: the terminal sends it to git and to ssh.
func interrupt(cmd *exec.Cmd, signal syscall.Signal) { syscall.Kill(-cmd.Process.Pid, signal) }

func TestPushesToOneProjectTakeTurns(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project, other := ada.project("shop"), ada.project("other")
	first, second := ada.repositoryFor(project), ada.repositoryFor(project)
	begun, goOn := blockBuilds(w)
	_, firstEnd := ada.begin(first, "paastech", "main")
	<-begun
	w.builder.onBuild(nil)
	contains(t, ada.git(first, "push", w.address(other), "main"), "v1 is live") // another project does not wait
	ada.git(second, "fetch", "-q", "paastech")                                  // neither does reading
	ada.commit(second, "second", "2")
	cmd, secondEnd := ada.begin(second, "--force", "paastech", "main")
	until(t, "the second waits", func() bool { return waiting(cmd) })
	goOn <- struct{}{}
	out, err := firstEnd()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = secondEnd()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	contains(t, out, "v2 is live")
	if w.branch(project, "main") != ada.git(second, "rev-parse", "main") {
		t.Error("the last push is not the branch")
	}
}

func TestWaitingPushCanBeInterrupted(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	begun, goOn := blockBuilds(w)
	_, firstEnd := ada.begin(dir, "paastech", "main")
	<-begun
	cmd, secondEnd := ada.begin(dir, "paastech", "main:later")
	until(t, "the second waits", func() bool { return waiting(cmd) })
	interrupt(cmd, syscall.SIGINT)
	secondEnd()
	goOn <- struct{}{}
	if out, err := firstEnd(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	ada.git(dir, "push", "paastech", "main:third")
	if w.branch(project, "later") != "" {
		t.Error("an interrupted push went through")
	}
}

// waiting tells whether a push has heard that it must wait for its turn.
func waiting(cmd *exec.Cmd) bool {
	return strings.Contains(cmd.Stderr.(*record).String(), "Waiting for another push to shop to end")
}

// Ctrl-C in the middle of a build cancels it, and the next push works.
func TestInterruptedPushCancelsTheBuild(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "killed": syscall.SIGKILL} {
		w := newWorld(t, nil)
		ada := w.person("ada")
		project := ada.project("shop")
		dir := ada.repositoryFor(project)
		begun, _ := blockBuilds(w)
		cmd, end := ada.begin(dir, "paastech", "main")
		<-begun
		interrupt(cmd, signal)
		end()
		until(t, "the deployment is canceled", func() bool { return w.deployments(project)[0].State == paas.Aborted })
		w.builder.onBuild(nil)
		contains(t, ada.git(dir, "push", "paastech", "main"), "v2 is live")
		if left := w.quarantines(); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
		w.fsck(project)
	}
}

// A connection that is lost after the swap changes nothing: the deployment stands and the ref moves.
func TestLostConnectionAfterTheSwap(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	begun, goOn := blockBuilds(w)
	cmd, end := ada.begin(dir, "paastech", "main")
	<-begun
	interrupt(cmd, syscall.SIGSTOP) // the client hears nothing any more
	goOn <- struct{}{}
	until(t, "the deployment is live", func() bool { return w.deployments(project)[0].State == paas.Live })
	interrupt(cmd, syscall.SIGKILL)
	end()
	until(t, "the branch has moved", func() bool { return w.branch(project, "main") != "" })
	if w.deployments(project)[0].State != paas.Live {
		t.Error("the deployment did not stand")
	}
}

// A client that is there no more, but whose connection is, is found out.
func TestVanishedClientCancelsTheBuild(t *testing.T) {
	w := newWorld(t, func(o *gitserver.Options) { o.KeepAlive = 200 * time.Millisecond })
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	begun, _ := blockBuilds(w)
	cmd, end := ada.begin(dir, "paastech", "main")
	<-begun
	interrupt(cmd, syscall.SIGSTOP)
	until(t, "the deployment is canceled", func() bool { return w.deployments(project)[0].State == paas.Aborted })
	interrupt(cmd, syscall.SIGKILL)
	end()
}

// T26: clients that are killed in the middle of a pack leave nothing behind.
func TestKilledClientsLeaveNothing(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.large(dir, 30)
	killed := 0
	for range soak(3, 50) {
		cmd, end := ada.begin(dir, "paastech", "main")
		until(t, "objects arrive", func() bool { return len(w.quarantines()) > 0 })
		interrupt(cmd, syscall.SIGKILL)
		if _, err := end(); err != nil {
			killed++
		}
		until(t, "nothing is left", func() bool { return len(w.quarantines()) == 0 && len(gits(w)) == 0 })
	}
	if killed == 0 || w.branch(project, "main") != "" {
		t.Errorf("%d clients were killed in time", killed)
	}
	w.fsck(project)
	ada.git(dir, "push", "paastech", "main")
}

// gits lists the git processes that work on a world's repositories.
func gits(w *world) []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		line, _ := os.ReadFile(path) // it may have ended meanwhile
		if bytes.Contains(line, []byte(w.repositories())) {
			found = append(found, string(line))
		}
	}
	return found
}

// A shutdown cancels pushes with a sentence and leaves no process, no quarantine and no socket.
func TestShutdownCancelsPushes(t *testing.T) {
	w := newWorld(t, func(o *gitserver.Options) { o.DrainTimeout = 50 * time.Millisecond })
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	begun, _ := blockBuilds(w)
	_, end := ada.begin(dir, "paastech", "main")
	<-begun
	w.stop()
	out, err := end()
	if err == nil {
		t.Error("the push went through")
	}
	contains(t, out, "remote: E_")
	if len(w.quarantines()) > 0 || len(gits(w)) > 0 {
		t.Errorf("left: %v %v", w.quarantines(), gits(w))
	}
	if _, err := os.Stat(filepath.Join(w.dir, "hook.sock")); err == nil {
		t.Error("the socket was left")
	}
}

// A command that ends in the time it is given is not cut short by a shutdown.
func TestShutdownLetsCommandsFinish(t *testing.T) {
	w := newWorld(t, func(o *gitserver.Options) { o.DrainTimeout = 20 * time.Second })
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	begun, goOn := blockBuilds(w)
	_, end := ada.begin(dir, "paastech", "main")
	<-begun
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.stop() }()
	until(t, "nobody is let in", func() bool { _, err := dial(w, ada.signer("id")); return err != nil })
	goOn <- struct{}{}
	if out, err := end(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	<-stopped
	if w.branch(project, "main") == "" {
		t.Error("the ref did not move")
	}
}

// What a killed daemon left is cleared away by the next one.
func TestStartClearsAway(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	repository := w.repository(project)
	w.stop()
	left := []string{
		filepath.Join(repository, "objects", "tmp_objdir-incoming-abc"), filepath.Join(repository, "HEAD.lock"),
		filepath.Join(repository, "refs", "heads", "main.lock"), filepath.Join(w.repositories(), ".unfinished-1"),
	}
	for _, path := range left {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	repositories, err := gitserver.OpenRepositories(w.repositories())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	all, err := repositories.Projects(t.Context())
	if err != nil || len(all) != 1 || all[0] != project.ID {
		t.Errorf("%v, %v", all, err)
	}
	for range 2 {
		if err := repositories.Delete(t.Context(), project.ID); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(repository); err == nil {
		t.Error("the repository is still there")
	}
	if repositories.Delete(t.Context(), "../../x") == nil || repositories.Create(t.Context(), "../x") == nil {
		t.Error("something that is no id was taken for one")
	}
}
