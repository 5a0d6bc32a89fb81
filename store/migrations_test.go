package store

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// schemaOne makes a database as the first schema left it, with rows in every table.
func schemaOne(t *testing.T, options Options) {
	t.Helper()
	s, err := connect(t.Context(), options)
	must(t, err)
	must(t, s.writer.Exec(createMigrations).Error)
	must(t, firstSchema().take(s.writer, nil, 0))
	for _, statement := range []string{
		`INSERT INTO users VALUES ('u1', 'Ada', 'ada', 'Ada@example.com', 'ada@example.com', 'hash', true, NULL, '2024-01-01', '2024-01-02')`,
		`INSERT INTO users VALUES ('u2', 'bob', 'bob', 'Bob@example.com', 'bob@example.com', 'hash', false, 'b1b1b1b1-0000-4000-8000-000000000000', '2024-01-01', '2024-01-02')`,
		`INSERT INTO ssh_keys VALUES ('k1', 'u1', 'laptop', 'ssh-ed25519 AAAA', 'SHA256:1', '2024-01-01', NULL)`,
		`INSERT INTO sessions VALUES ('s1', 'u1', '2024-01-01', '2999-01-01')`,
		`INSERT INTO projects VALUES ('p1', 'u1', 'blog', '{"env":{"A":"c4n4ryS3cr3t <1>"},"buildEnv":{"B":"enc:c4n4ryS3cr3t"}}', 'main', false, '2024-01-01', '2024-01-02')`,
		`INSERT INTO projects VALUES ('p2', 'u1', 'empty', '{"env":{},"buildEnv":{}}', '', true, '2024-01-01', '2024-01-02')`,
		`INSERT INTO projects VALUES ('p3', 'u1', 'gone', '{"env":{"G":"c4n4ryS3cr3t of a deleted one"},"buildEnv":{}}', '', true, '2024-01-01', '2024-01-02')`,
		`INSERT INTO deployments VALUES ('p1', 1, 'live', 'push', 'u1', 'main', 'c0ffee', '{"ref":"r","processes":null}', '{"A":"c4n4ryS3cr3t"}', 8080, NULL, '2024-01-01', NULL, NULL, '2024-01-01')`,
		`INSERT INTO deployments VALUES ('p1', 2, 'failed', 'env', NULL, 'main', 'c0ffee', '{"ref":"r","processes":null}', '{}', 0, '{"code":"E_X","message":"m"}', '2024-01-01', NULL, '2024-01-01', NULL)`,
		`DELETE FROM projects WHERE id = 'p3'`,
	} {
		must(t, s.writer.Exec(statement).Error)
	}
	must(t, s.Close())
}

func TestASchemaOneDatabaseBecomesWhatIsKnownNow(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		ctx := t.Context()
		schemaOne(t, options)
		var log bytes.Buffer
		options.Log = slog.New(slog.NewTextHandler(&log, nil))
		s := opened(t, options)
		wantSound(t, s)

		ada, err := s.UserByEmail(ctx, "ada@EXAMPLE.com")
		must(t, err)
		if !ada.Verified || !ada.IsAdmin || ada.Username != "Ada" || ada.EmailNonce != nil || ada.Limits != nil {
			t.Errorf("got %#v", ada)
		}
		bob, err := s.UnverifiedUser(ctx, "bob@example.com")
		must(t, err)
		if bob.Verified || bob.EmailNonce == nil || bob.Email != "Bob@example.com" {
			t.Errorf("got %#v", bob)
		}
		must(t, s.CreateUser(ctx, unverified("bob2", "bob@example.com"), ""))
		_, user, err := s.Session(ctx, "s1")
		if err != nil || user.ID != ada.ID {
			t.Errorf("the session is %v's, %v", user.Username, err)
		}
		_, err = s.KeyByFingerprint(ctx, "SHA256:1")
		must(t, err)
		project, err := s.Project(ctx, "p1")
		must(t, err)
		if project.Env["A"] != canary+" <1>" || project.BuildEnv["B"] != "enc:"+canary {
			t.Error("variables came out different")
		}
		live, err := s.LiveDeployment(ctx, "p1")
		must(t, err)
		failed, err := s.Deployment(ctx, "p1", 2)
		must(t, err)
		if live.Env["A"] != canary || live.By != "u1" || len(failed.Env) != 0 || failed.Diagnosis == nil {
			t.Errorf("got %v and %v", live, failed)
		}
		if bytes.Contains(dump(t, s), []byte(canary)) {
			t.Error("a clear value is left in the files of the database")
		}
		if s.path != "" {
			wantCopy(t, options, &log)
		}
	})
}

// wantCopy looks for the copy that was made before the values were encrypted, and restores it.
func wantCopy(t *testing.T, options Options, log *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(options.DataDir, fmt.Sprintf("paastech.db.before-schema-%d-unencrypted", newestSchema()))
	content, err := os.ReadFile(path)
	must(t, err)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 || !bytes.Contains(content, []byte(canary)) || !strings.Contains(log.String(), path) || !strings.Contains(log.String(), "IN CLEAR") {
		t.Errorf("the copy has mode %v, or lacks rows, or the log does not speak of it: %s", info.Mode(), log)
	}
	restored := Options{DataDir: t.TempDir()}
	must(t, os.WriteFile(filepath.Join(restored.DataDir, databaseFile), content, 0o600))
	wantSound(t, opened(t, restored))
}

// A sweep that was interrupted is taken up by the next Open.
func TestAnInterruptedSweepIsTakenUp(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		schemaOne(t, options)
		s, err := connect(t.Context(), options)
		must(t, err)
		keys, err := openKeys(filepath.Join(options.DataDir, "data.key"), func() (bool, error) { return false, nil })
		must(t, err)
		must(t, migrate(t.Context(), s.writer, keys)) // and killed
		must(t, s.Close())
		s = opened(t, options)
		if bytes.Contains(dump(t, s), []byte(canary)) {
			t.Error("a clear value is left in the files of the database")
		}
		var pending int64
		must(t, s.reader.Table("sweeps").Count(&pending).Error)
		if pending != 0 {
			t.Errorf("%d sweeps are pending", pending)
		}
	})
}

// A migration that fails leaves everything as it was, and the next try succeeds.
func TestAFailedMigrationChangesNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		schemaOne(t, options)
		s, err := connect(t.Context(), options)
		must(t, err)
		must(t, s.writer.Exec("CREATE TABLE audit (id integer)").Error) // in the way of the last statements
		if broken, err := Open(t.Context(), options); err == nil {
			must(t, broken.Close())
			t.Fatal("the migration did not fail")
		}
		version, err := schemaVersion(s.writer)
		must(t, err)
		var clear int64
		must(t, s.reader.Raw("SELECT count(*) FROM projects WHERE CAST(config AS text) LIKE '%"+canary+"%'").Scan(&clear).Error)
		if version != 1 || clear != 1 {
			t.Errorf("schema %d, %d projects with clear values; want 1 and 1", version, clear)
		}
		must(t, s.writer.Exec("DROP TABLE audit").Error)
		must(t, s.Close())
		wantSound(t, opened(t, options))
	})
}

func TestManyMigrateASchemaOneDatabaseAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		schemaOne(t, options)
		results := make(chan error)
		for range 4 {
			go func() {
				s, err := Open(t.Context(), options)
				if err == nil {
					_, err = s.Project(t.Context(), "p1")
					err = joinClose(err, s)
				}
				results <- err
			}()
		}
		for range 4 {
			select {
			case err := <-results:
				must(t, err)
			case <-time.After(time.Minute):
				t.Fatal("somebody waits for ever")
			}
		}
		s := opened(t, options)
		wantSound(t, s)
		if project, err := s.Project(t.Context(), "p1"); err != nil || project.Env["A"] != paas.Secret(canary+" <1>") {
			t.Errorf("got %v", err)
		}
	})
}

func joinClose(err error, s *Store) error {
	if closed := s.Close(); err == nil {
		return closed
	}
	return err
}
