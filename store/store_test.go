package store

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/paastech-cloud/paastech/paas"
)

// databases are the implementations that every test of this package's behaviour runs against. Each
// gives options for an empty database of the test's own.
func databases() map[string]func(t *testing.T) Options {
	return map[string]func(t *testing.T) Options{
		"sqlite": func(t *testing.T) Options { return Options{DataDir: t.TempDir()} },
		"postgres": func(t *testing.T) Options {
			url, err := server.Empty(t.Context())
			must(t, err)
			return Options{URL: url, DataDir: t.TempDir()}
		},
	}
}

func eachDatabase(t *testing.T, test func(t *testing.T, options Options)) {
	for name, fresh := range databases() {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func eachStore(t *testing.T, test func(t *testing.T, s *Store)) {
	eachDatabase(t, func(t *testing.T, options Options) { test(t, opened(t, options)) })
}

func opened(t *testing.T, options Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), options)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, kind paas.Kind) {
	t.Helper()
	if !paas.IsKind(err, kind) {
		t.Fatalf("got error %v, want one of kind %d", err, kind)
	}
}

func wantTaken(t *testing.T, err error, field string) {
	t.Helper()
	wantKind(t, err, paas.Conflict)
	e := paas.Public(err)
	if e.Code != paas.ETaken || len(e.Details) != 1 || e.Details[0].Field != field {
		t.Fatalf("got %+v, want %s for field %s", e, paas.ETaken, field)
	}
}

var birth = time.Date(2024, 2, 29, 12, 30, 15, 123456000, time.UTC)

func someUser(t *testing.T, s *Store, name string) paas.User {
	t.Helper()
	user := paas.User{
		ID: paas.UserID(uuid.NewString()), Username: name, Email: name + "@example.com",
		PasswordHash: "$argon2id$…", Verified: true, CreatedAt: birth, UpdatedAt: birth,
	}
	must(t, s.CreateUser(t.Context(), user, ""))
	return user
}

func someProject(t *testing.T, s *Store, owner paas.User, name string) paas.Project {
	t.Helper()
	project := paas.Project{
		ID: paas.ProjectID(uuid.NewString()), Owner: owner.ID, OwnerName: owner.Username, Name: name,
		Env: paas.Env{"A": "1 < 2\n\"ü\""}, BuildEnv: paas.Env{}, CreatedAt: birth, UpdatedAt: birth,
	}
	must(t, s.CreateProject(t.Context(), project, 0))
	return project
}

func TestOpensAgainWithWhatWasWritten(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		first, err := Open(t.Context(), options)
		must(t, err)
		ada := someUser(t, first, "ada")
		must(t, first.Close())
		second := opened(t, options)
		must(t, second.Ping(t.Context()))
		if got, err := second.User(t.Context(), ada.ID); err != nil || got != ada {
			t.Fatalf("got %#v, %v; want %#v", got, err, ada)
		}
	})
}

func TestRefusesANewerSchema(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		s := opened(t, options)
		must(t, s.writer.Create(&appliedMigration{Version: 1000, AppliedAt: birth}).Error)
		if later, err := Open(t.Context(), options); err == nil {
			must(t, later.Close())
			t.Fatal("a database of schema 1000 was opened")
		}
	})
}

func TestManyMigrateAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				s, err := Open(context.Background(), options)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

func TestPingTellsThatTheDatabaseIsAway(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		s, err := Open(t.Context(), options)
		must(t, err)
		must(t, s.Ping(t.Context()))
		must(t, s.Close())
		if err := s.Ping(t.Context()); err == nil {
			t.Fatal("a closed database answers")
		}
	})
}

func TestUnknownDatabaseAddressIsInvalid(t *testing.T) {
	_, err := Open(t.Context(), Options{URL: "mysql://localhost"})
	wantKind(t, err, paas.Invalid)
}

// Trial T12, and the rows of the file are nobody else's to read.
func TestSQLiteSettings(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a dir?x=%20#1")
	s := opened(t, Options{DataDir: dir})
	someUser(t, s, "ada")
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "secure_delete": "1"} {
		for pool, db := range map[string]*Store{"writer": {reader: s.writer}, "reader": {reader: s.reader}} {
			var got string
			must(t, db.read(t.Context()).Raw("PRAGMA "+pragma).Scan(&got).Error)
			if got != want {
				t.Errorf("%s: %s is %s, want %s", pool, pragma, got, want)
			}
		}
	}
	if err := s.reader.Exec("DELETE FROM users").Error; err == nil {
		t.Error("the reading connections can write")
	}
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 4 {
		t.Errorf("there are %d files, want the database, its log and its index, and the key", len(files))
	}
	for _, file := range files {
		info, err := file.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file.Name(), info.Mode())
		}
	}
}

// Trial T12: a transaction takes the write lock when it begins, so a second one waits instead of failing later.
func TestSQLiteTransactionsAreImmediate(t *testing.T) {
	options := Options{DataDir: t.TempDir()}
	first, second := opened(t, options), opened(t, options)
	tx := first.writer.Begin()
	must(t, tx.Error)
	must(t, second.writer.Exec("PRAGMA busy_timeout(0)").Error)
	err := translate("begin", second.writer.Begin().Error)
	must(t, tx.Rollback().Error)
	wantKind(t, err, paas.Unavailable)
}
