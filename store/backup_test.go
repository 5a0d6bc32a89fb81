package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Trial T13: a backup that is made while others write is whole, and is one moment's state.
func TestABackupDuringWritesRestoresWhole(t *testing.T) {
	writes, every := 60, time.Millisecond
	if os.Getenv("PAASTECH_SOAK") == "1" {
		writes, every = 1000, 10*time.Millisecond // 100 a second
	}
	options := Options{DataDir: t.TempDir()}
	s := opened(t, options)
	kept := someSecrets(t, s)
	mails, err := s.Mails(t.Context(), 0)
	must(t, err)

	var written atomic.Int64
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for i := range writes {
			<-tick.C
			id := fmt.Sprint(i)
			if err := s.CreateInvite(context.Background(), paas.Invite{ID: paas.InviteID(id), Hash: paas.NonceHash(id), CreatedAt: birth}, someMail(paas.MailInvite)); err != nil {
				t.Error(err)
			}
			written.Add(1)
		}
	})
	for n := 0; written.Load() < int64(writes); n++ {
		before := int(written.Load())
		file := filepath.Join(t.TempDir(), "backup.db")
		must(t, Backup(t.Context(), options, file))
		restored := restore(t, options, file)
		wantSecrets(t, restored, kept)
		invites, err := restored.Invites(t.Context())
		must(t, err)
		copied, err := restored.Mails(t.Context(), 0)
		must(t, err)
		if len(invites) < before || len(copied) != len(mails)+len(invites) {
			t.Errorf("backup %d has %d invitations and %d mails; %d were written before it", n, len(invites), len(copied), before)
		}
	}
	group.Wait()
}

// restore puts a backup and the key file that belongs to it where a database is.
func restore(t *testing.T, from Options, file string) *Store {
	t.Helper()
	dir := t.TempDir()
	for source, name := range map[string]string{file: databaseFile, filepath.Join(from.DataDir, "data.key"): "data.key"} {
		content, err := os.ReadFile(source)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return opened(t, Options{DataDir: dir})
}

// PostgreSQL is backed up into a file of SQLite, while it is written to.
func TestABackupOfPostgresIsAllThatItHad(t *testing.T) {
	options := databases()["postgres"](t)
	s := opened(t, options)
	kept := fill(t, s)
	before := everything(t, s)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				_ = s.AppendAudit(t.Context(), paas.AuditEntry{At: birth, Name: fmt.Sprint("later-", n)})
			}
		}
	})
	file := filepath.Join(t.TempDir(), "copy.db")
	err := Backup(t.Context(), options, file)
	close(stop)
	writing.Wait()
	must(t, err)
	restored := restore(t, Options{DataDir: filepath.Dir(s.keyFile)}, file)
	wantSecrets(t, restored, kept)
	after := everything(t, restored)
	for i := range before[:len(before)-1] { // the last is the audit, which went on
		if !reflect.DeepEqual(after[i], before[i]) {
			t.Errorf("got %v\nwant %v", after[i], before[i])
		}
	}
	wantSound(t, restored)
}

func TestABackupOverwritesNothing(t *testing.T) {
	options := Options{DataDir: t.TempDir()}
	someUser(t, opened(t, options), "ada")
	dir := t.TempDir()
	file := filepath.Join(dir, "a file?x=%20#1.db")
	must(t, Backup(t.Context(), options, file))
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("the backup has mode %v and %d bytes", info.Mode(), info.Size())
	}
	wantKind(t, Backup(t.Context(), options, file), paas.Conflict)
	now, err := os.Stat(file)
	must(t, err)
	if now.ModTime() != info.ModTime() || now.Size() != info.Size() {
		t.Error("the refused backup changed the file")
	}

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Backup(canceled, options, filepath.Join(dir, "canceled.db")); err == nil {
		t.Error("a canceled backup succeeded")
	}
	if err := Backup(t.Context(), Options{DataDir: t.TempDir()}, filepath.Join(dir, "nothing.db")); err == nil {
		t.Error("a database that is not there was backed up")
	}
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}
