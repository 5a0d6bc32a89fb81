package store

import (
	"path/filepath"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// TestRestorePutsBackWhatWas: also over a database whose log was not yet taken in.
func TestRestorePutsBackWhatWas(t *testing.T) {
	options := Options{DataDir: t.TempDir()}
	use := func(do func(*Store) error) {
		t.Helper()
		s, err := Open(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		if err := joinClose(do(s), s); err != nil {
			t.Fatal(err)
		}
	}
	add := func(name string) func(*Store) error {
		return func(s *Store) error {
			return s.CreateUser(t.Context(), paas.User{ID: paas.UserID(name), Username: name, Email: name + "@example.com", Verified: true}, "")
		}
	}
	use(add("ada"))
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := Backup(t.Context(), options, copied); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(options.DataDir, databaseFile)
	db, err := openFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Exec("DELETE FROM users").Error; err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(t.TempDir(), "killed") // what a process that ends now leaves
	for _, suffix := range []string{"", "-wal"} {
		if err := copyDurably(path+suffix, killed+suffix); err != nil {
			t.Fatal(err)
		}
	}
	if err := closePool(db); err != nil {
		t.Fatal(err)
	}
	if err := Restore(options, killed); err != nil { // the file without its log
		t.Fatal(err)
	}
	if err := copyDurably(killed+"-wal", path+"-wal"); err != nil {
		t.Fatal(err)
	}
	if err := Restore(options, copied); err != nil {
		t.Fatal(err)
	}
	use(func(s *Store) error {
		_, err := s.UserByName(t.Context(), "ada")
		return err
	})
	if err := Restore(Options{URL: "postgres://x"}, copied); err == nil {
		t.Error("PostgreSQL is restored from a file of SQLite")
	}
}
