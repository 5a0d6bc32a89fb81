package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestUpgradesLoseNoRequest replaces the daemon by others under load: by newer ones, by one that crashes at
// its start and by one whose migration fails when half is done. No request fails, and the data stay what they are.
func TestUpgradesLoseNoRequest(t *testing.T) {
	good, rate := 2, 60
	if os.Getenv("PAASTECH_SOAK") == "1" {
		good, rate = 8, 300
	}
	a := newEcho(t, time.Second)
	a.kill()
	dir := t.TempDir()
	versions := []string{"1.0.0-test", "1.1.0-test"}
	for _, version := range versions {
		build(t, filepath.Join(dir, version), ".", "-ldflags", "-X main.version="+version)
	}
	crashes := build(t, filepath.Join(dir, "crashes"), "./testdata/upgrades/crashes")
	migrates := build(t, filepath.Join(dir, "migrates"), "./testdata/upgrades/migrates")
	a.program = filepath.Join(dir, "installed", "paastech")
	if err := os.Mkdir(filepath.Dir(a.program), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, versions[0]), a.program); err != nil {
		t.Fatal(err)
	}
	// The next daemon is a child of the one before, which ends: then it is this process's.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	a.start()
	a.until("the application answers", a.answers)
	before := a.everything()
	ctx, stop := context.WithCancel(t.Context())
	load := &load{t: t, host: a.host, ingress: a.ingress}
	var clients sync.WaitGroup
	clients.Go(func() { load.requests(ctx, rate) })
	running := versions[0]
	for n := range good + 2 {
		time.Sleep(300 * time.Millisecond)
		began := time.Now()
		switch n {
		case 1:
			a.upgradeFails(crashes, running, "ended before it was ready")
		case 2:
			a.upgradeFails(migrates, running, "ended before it was ready")
		default:
			next := versions[0]
			if running == next {
				next = versions[1]
			}
			if n == 0 {
				a.upgradeInPlace(filepath.Join(dir, next))
			} else if out, err := a.upgrade(filepath.Join(dir, next)); err != nil || !strings.Contains(out, next+" serves") {
				t.Fatalf("upgrade to %s: %v\n%s", next, err, out)
			}
			running = next
		}
		t.Logf("upgrade %d took %s", n, time.Since(began).Round(time.Millisecond))
		if got := a.version(); got != running {
			t.Errorf("%q serves, want %q", got, running)
		}
		if after := a.everything(); after != before {
			t.Errorf("the data were\n%s\nand are\n%s", before, after)
		}
	}
	stop()
	clients.Wait()
	t.Logf("%d upgrades, %d requests, slowest %s", good+2, load.sent.Load(), time.Duration(load.slowest.Load()))
	if load.failed.Load() > 0 || load.sent.Load() == 0 {
		t.Errorf("%d of %d requests failed; the first: %s", load.failed.Load(), load.sent.Load(), load.first)
	}
	if now := programOf(t, a.program); now != running {
		t.Errorf("installed is %s, and %s serves", now, running)
	}
	if previous, err := os.Stat(filepath.Join(filepath.Dir(a.program), "paastech.previous")); err != nil || previous.Size() == 0 {
		t.Errorf("the program before is not kept: %v", err)
	}
	a.settled(1)
	a.check()
}

// programOf is the version that a program says it is.
func programOf(t testing.TB, program string) string {
	t.Helper()
	out, err := exec.Command(program, "version", "--json").Output()
	var told struct{ Client string }
	if err != nil || json.Unmarshal(out, &told) != nil {
		t.Fatalf("%s version: %v", program, err)
	}
	return told.Client
}

// build builds a program of this module.
func build(t *testing.T, binary, program string, flags ...string) string {
	t.Helper()
	command := exec.Command("go", append(append([]string{"build", "-o", binary}, flags...), program)...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", program, err, out)
	}
	return binary
}

// upgrade replaces the daemon, and adopts the next one.
func (d *doomed) upgrade(binary string) (string, error) {
	d.t.Helper()
	out, err := d.command("", "upgrade", "--binary", binary)
	d.adopt()
	return out, err
}

// upgradeInPlace puts another program in the place of the daemon's and sends SIGUSR2.
func (d *doomed) upgradeInPlace(binary string) {
	d.t.Helper()
	next := d.program + ".next"
	if err := errors.Join(os.Link(binary, next), os.Rename(next, d.program), d.process.Process.Signal(unix.SIGUSR2)); err != nil {
		d.t.Fatal(err)
	}
	d.adopt()
}

// adopt takes the successor of the daemon for the daemon, when there is one.
func (d *doomed) adopt() {
	d.t.Helper()
	var outcome struct{ PID int }
	path := filepath.Join(d.variable("PAASTECH_DATADIR"), "upgrade.outcome")
	d.until("something has come of the upgrade", func() bool {
		content, err := os.ReadFile(path)
		return err == nil && json.Unmarshal(content, &outcome) == nil
	})
	if outcome.PID == d.process.Process.Pid {
		return
	}
	if err := d.wait(); err != nil {
		d.t.Errorf("the daemon before ended with %v", err)
	}
	next, findErr := os.FindProcess(outcome.PID)
	if findErr != nil {
		d.t.Fatal(findErr)
	}
	d.process = &exec.Cmd{Process: next}
}

func (a *echo) upgradeFails(binary, running, says string) {
	a.t.Helper()
	out, err := a.upgrade(binary)
	if err == nil || !strings.Contains(out, running+" serves on") || !strings.Contains(out, says) {
		a.t.Errorf("upgrade to %s: %v\n%s", filepath.Base(binary), err, out)
	}
	if now := programOf(a.t, a.program); now != running {
		a.t.Errorf("installed is %s after it was undone", now)
	}
}

// version is that of the daemon that answers.
func (d *doomed) version() string {
	var info struct{ Version string }
	d.until("the API answers", func() bool { return d.call(http.MethodGet, "/info", nil, &info) == http.StatusOK })
	return info.Version
}

// withoutRevisions removes what differs between daemons: the keys of those are their own.
func withoutRevisions(content any) {
	switch content := content.(type) {
	case map[string]any:
		delete(content, "revision")
		for _, inner := range content {
			withoutRevisions(inner)
		}
	case []any:
		for _, inner := range content {
			withoutRevisions(inner)
		}
	}
}

// everything is what the API says of the application, as text.
func (a *echo) everything() string {
	a.t.Helper()
	var all []any
	for _, path := range []string{"", "/env", "/deployments", "/domains"} {
		var content any
		if status := a.call(http.MethodGet, "/projects/"+a.id+path, nil, &content); status != http.StatusOK {
			a.t.Fatalf("%s: %d", path, status)
		}
		withoutRevisions(content)
		all = append(all, content)
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}
