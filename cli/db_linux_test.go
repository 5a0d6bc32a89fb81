package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/store"
	"github.com/paastech-cloud/paastech/store/postgrestest"
)

// someDatabase is a data directory with an account in its database, which the commands find.
func someDatabase(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(atHome(t), "data")
	t.Setenv("PAASTECH_DATADIR", dir)
	withStore(t, store.Options{DataDir: dir}, func(s *store.Store) error {
		return s.CreateUser(t.Context(), paas.User{ID: "u", Username: "ada", Email: "ada@example.com", Verified: true}, "")
	})
	return dir
}

func withStore(t *testing.T, options store.Options, use func(*store.Store) error) {
	t.Helper()
	s, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if err := use(s); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func wantAda(t *testing.T, options store.Options) {
	t.Helper()
	withStore(t, options, func(s *store.Store) error {
		_, err := s.UserByName(t.Context(), "ada")
		return err
	})
}

func TestDBBackup(t *testing.T) {
	dir := someDatabase(t)
	data, err := openDataDir(dir) // as a daemon that runs
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	got := run(t, "", "db", "backup", "copy.db")
	got.want(t, 0, `data\.key`)
	wantMatch(t, got.stdout, `^The database is in copy\.db`)
	run(t, "", "db", "backup", "copy.db").want(t, 1, `^E_TAKEN: .*copy\.db exists already`)
	run(t, "", "db", "backup").want(t, 2, `^E_USAGE`)
	wantMatch(t, mustRun(t, "", "db", "backup", "other.db", "--json"), `"file": "other.db"`)

	restored := t.TempDir()
	if err := os.Rename("copy.db", filepath.Join(restored, "paastech.db")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(restored, "data.key"), read(t, filepath.Join(dir, "data.key")))
	wantAda(t, store.Options{DataDir: restored})

	t.Setenv("PAASTECH_DATABASE_URL", "postgres://127.0.0.1:1/x")
	run(t, "", "db", "backup", "third.db").want(t, 1, `^E_FAILED: .*PostgreSQL`)
}

func TestDBMove(t *testing.T) {
	runtime.LockOSThread() // PostgreSQL dies with this thread
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	address, err := server.Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const secret = "n0tS33n"
	withPassword := address + "&password=" + secret
	dir := someDatabase(t)

	run(t, "", "db", "move").want(t, 2, `^E_USAGE: .*--to`)
	data, err := openDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	run(t, "", "db", "move", "--to", address).want(t, 1, `another paastech serve already uses`)
	data.Close()
	for _, wrong := range []string{
		"postgres://ada:" + secret + "@127.0.0.1:1/x", "postgres://ada:" + secret + "@[::1/x", "postgres://ada:" + secret + "@h:port/x",
		"mysql://ada:" + secret + "@h/x", strings.Replace(withPassword, "/postgres?", "/missing?", 1),
	} {
		got := run(t, "", "db", "move", "--to", wrong)
		got.want(t, 1, `.`)
		if strings.Contains(got.stdout+got.stderr, secret) {
			t.Errorf("%s: the password is shown: %s", wrong, got.stderr)
		}
	}
	got := run(t, "", "db", "move", "--to", withPassword)
	got.want(t, 0, `users: 1 rows, each read back the same`)
	wantMatch(t, got.stdout, `(?s)database:\n  url: "postgres:`)
	if strings.Contains(got.stdout+got.stderr, secret) {
		t.Errorf("the password is shown: %s%s", got.stdout, got.stderr)
	}
	wantAda(t, store.Options{URL: address, DataDir: dir})
	run(t, "", "db", "move", "--to", address).want(t, 1, `^E_CONFLICT: .*not empty`)
	t.Setenv("PAASTECH_DATABASE_URL", address)
	run(t, "", "db", "move", "--to", address).want(t, 1, `^E_INVALID: .*already`)
}

func TestAddressesAreShownWithoutPasswords(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://ada:secret@db.example.com:5432/paas?sslmode=require":  "postgres://ada@db.example.com:5432/paas?sslmode=require",
		"postgres:///paas?host=%2Frun&password=secret&sslpassword=secret": "postgres:///paas?host=%2Frun",
		"postgres://ada:secret@[::1/x":                                    "postgres://…",
	} {
		if got := withoutPassword(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
