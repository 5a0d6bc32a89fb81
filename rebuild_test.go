package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDestroyAndRebuild backs up an installation while it works, destroys it with all that it has, and brings it
// back from the backup alone. One that is damaged brings nothing back.
func TestDestroyAndRebuild(t *testing.T) {
	a := newPlain(t, time.Second)
	apps := []*echo{a, a.beside("plain", "second"), a.beside("plain", "third")}
	for _, app := range apps {
		app.run("paastech", "settings", "set", `volumes=[{"name":"data","path":"/data","size":"32MiB"}]`)
		app.run("paastech", "env", "set", "GREETING=of "+app.id)
		app.run("paastech", "exec", "--", "sh", "-c", "echo of "+app.id+" > /data/file")
	}
	before := a.stateOf(apps)
	key, recipient := a.backupKey("backup.key")
	file := filepath.Join(t.TempDir(), "all.paastech")
	a.backUpUnderLoad(t, file, recipient)

	data := a.variable("PAASTECH_DATADIR")
	a.kill()
	a.run("paastech", "admin", "purge", "--yes")
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	a.refusesDamaged(file, key)
	other, _ := a.backupKey("other.key")
	if out, err := a.command("", "restore", file, "--key", other); err == nil || !strings.Contains(out, "is for other keys") {
		t.Errorf("with another key: %v\n%s", err, out)
	}
	a.run("paastech", "restore", file, "--key", key)
	if out, err := a.command("", "restore", file, "--key", key); err == nil || !strings.Contains(out, "is not empty") {
		t.Errorf("over another installation: %v\n%s", err, out)
	}

	a.start()
	for _, app := range apps {
		app.until(app.id+" answers", app.answers)
		if out := app.run("paastech", "exec", "--", "cat", "/data/file"); out != "of "+app.id+"\n" {
			t.Errorf("the volume of %s has %q", app.id, out)
		}
	}
	if after := a.stateOf(apps); after != before {
		t.Errorf("before it was\n%s\nand now it is\n%s", before, after)
	}
	a.wroteInOrder()
	a.run("paastech", "rollback", "1")
	a.run("git", "commit", "-q", "--allow-empty", "-m", "again")
	a.run("git", "push", "-q", "paastech", "main")
	a.check()
	a.missedBackupIsTold(recipient, key)
	a.doesNotVerify(recipient)
}

// stateOf is what the API says of the applications.
func (a *echo) stateOf(apps []*echo) string {
	a.t.Helper()
	var all []string
	for _, app := range apps {
		all = append(all, app.everything())
	}
	return strings.Join(all, "\n")
}

// backupKey makes a key, and what backups are encrypted for it with.
func (a *echo) backupKey(name string) (file, recipient string) {
	a.t.Helper()
	var made struct{ Key, Recipient string }
	if err := json.Unmarshal([]byte(a.run("paastech", "backup", "key", "--json")), &made); err != nil {
		a.t.Fatal(err)
	}
	file = filepath.Join(a.t.TempDir(), name)
	if err := os.WriteFile(file, []byte(made.Key+"\n"), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return file, made.Recipient
}

// backUpUnderLoad makes a backup while requests come in and the first application writes to its volume: none fails.
func (a *echo) backUpUnderLoad(t *testing.T, file, recipient string) {
	a.t.Helper()
	writer := exec.Command("paastech", "exec", "--", "sh", "-c", "i=0; while true; do i=$((i+1)); echo $i >> /data/numbers; done")
	writer.Env, writer.Dir = a.env, a.dir
	if err := writer.Start(); err != nil {
		a.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(a.t.Context())
	load := &load{t: t, host: a.host, ingress: a.ingress}
	var clients sync.WaitGroup
	clients.Go(func() { load.requests(ctx, 60) })
	a.until("it writes", func() bool {
		out, _ := a.command("", "exec", "-P", a.id, "--", "sh", "-c", "test -s /data/numbers")
		return out == ""
	})
	began := time.Now()
	said := a.run("paastech", "backup", file, "--recipient", recipient)
	a.t.Logf("%s (%s)", strings.TrimSpace(said), time.Since(began).Round(time.Millisecond))
	stop()
	clients.Wait()
	if load.failed.Load() > 0 || load.sent.Load() == 0 {
		a.t.Errorf("%d of %d requests failed during the backup; the first: %s", load.failed.Load(), load.sent.Load(), load.first)
	}
	a.t.Logf("%d requests meanwhile, slowest %s", load.sent.Load(), time.Duration(load.slowest.Load()))
	_ = writer.Process.Kill()
	_ = writer.Wait()
}

// wroteInOrder looks whether the volume was taken at one moment: the numbers in it are those from 1 on.
func (a *echo) wroteInOrder() {
	a.t.Helper()
	lines := strings.Fields(a.run("paastech", "exec", "--", "cat", "/data/numbers"))
	for i, line := range lines {
		if line != strconv.Itoa(i+1) {
			a.t.Fatalf("number %d is %q", i+1, line)
		}
	}
	if len(lines) == 0 {
		a.t.Error("nothing was written while the backup was made")
	}
}

// refusesDamaged changes single bytes of a backup, and cuts it off: nothing of it is brought back.
func (a *echo) refusesDamaged(file, key string) {
	a.t.Helper()
	whole, err := os.ReadFile(file)
	if err != nil {
		a.t.Fatal(err)
	}
	data := a.variable("PAASTECH_DATADIR")
	damaged := filepath.Join(a.t.TempDir(), "damaged.paastech")
	try := func(what string, content []byte) {
		if err := os.WriteFile(damaged, content, 0o600); err != nil {
			a.t.Fatal(err)
		}
		if out, err := a.command("", "restore", damaged, "--key", key); err == nil || !strings.Contains(out, "is refused") {
			a.t.Errorf("%s: %v\n%s", what, err, out)
		}
		if _, err := os.Stat(data); !errors.Is(err, fs.ErrNotExist) {
			a.t.Errorf("%s: something was brought back: %v", what, err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(data), ".restore-*")); len(left) > 0 {
			a.t.Errorf("%s: left behind: %v", what, left)
		}
	}
	for _, at := range []int{0, 100, len(whole) / 3, len(whole) / 2, len(whole) - 20, len(whole) - 1} {
		flipped := append([]byte(nil), whole...)
		flipped[at] ^= 0x01
		try(fmt.Sprintf("byte %d flipped", at), flipped)
	}
	try("the last byte missing", whole[:len(whole)-1])
	try("half of it missing", whole[:len(whole)/2])
}

// missedBackupIsTold has backups made by themselves, until they cannot be.
func (a *echo) missedBackupIsTold(recipient, key string) {
	a.t.Helper()
	a.kill()
	dir := filepath.Join(a.t.TempDir(), "backups")
	if err := os.Mkdir(dir, 0o700); err != nil {
		a.t.Fatal(err)
	}
	a.env = append(a.env, "PAASTECH_BACKUP_DIRECTORY="+dir, "PAASTECH_BACKUP_RECIPIENTS="+recipient)
	a.start()
	var made []string
	a.until("a backup is made by itself", func() bool {
		made, _ = filepath.Glob(filepath.Join(dir, "*.paastech"))
		return len(made) > 0
	})
	a.run("paastech", "backup", "verify", made[0], "--key", key)
	if out, err := a.command("", "doctor"); err != nil {
		a.t.Errorf("with a backup: %v\n%s", err, out)
	}
	a.kill()
	if err := os.RemoveAll(dir); err != nil {
		a.t.Fatal(err)
	}
	a.start()
	a.until("administrators are told", func() bool {
		out, _ := a.command("", "admin", "mails")
		return strings.Contains(out, "backup") && strings.Contains(out, "eve@example.com")
	})
	if out, err := a.command("", "doctor"); err == nil || !strings.Contains(out, "E_BACKUP") {
		a.t.Errorf("the doctor says nothing of it: %v\n%s", err, out)
	}
}

// doesNotVerify damages what is backed up: what could not be brought back is no backup.
func (a *echo) doesNotVerify(recipient string) {
	a.t.Helper()
	blobs, err := filepath.Glob(filepath.Join(a.variable("PAASTECH_DATADIR"), "registry/docker/registry/v2/blobs/sha256/*/*/data"))
	if err != nil || len(blobs) == 0 {
		a.t.Fatalf("no blobs: %v", err)
	}
	content, err := os.ReadFile(blobs[0])
	if err != nil {
		a.t.Fatal(err)
	}
	content[len(content)/2] ^= 0x01
	if err := os.WriteFile(blobs[0], content, 0o600); err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	out, err := a.command("", "backup", dir, "--recipient", recipient)
	if err == nil || !strings.Contains(out, "verify the backup") || !strings.Contains(out, "is damaged") {
		a.t.Errorf("what is damaged was backed up: %v\n%s", err, out)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		a.t.Errorf("left behind: %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(a.variable("PAASTECH_DATADIR"), ".backup-*")); len(left) > 0 {
		a.t.Errorf("left behind: %v", left)
	}
}
