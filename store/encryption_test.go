package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// canary is in every secret of these tests and must never be seen outside of one.
const canary = "c4n4ryS3cr3t"

// secrets are a project, a deployment and a mail with canaries in them.
type secrets struct {
	project    paas.Project
	deployment paas.Deployment
	mail       paas.Mail
}

func someSecrets(t *testing.T, s *Store) secrets {
	t.Helper()
	ctx := t.Context()
	kept := secrets{project: someProject(t, s, someUser(t, s, "ada"), "blog"), mail: someMail(paas.MailReset)}
	var err error
	kept.project, err = s.ChangeProject(ctx, kept.project.ID, func(project *paas.Project) error {
		project.Env, project.BuildEnv = paas.Env{"A": canary + "1", "B": ""}, paas.Env{"A": "enc:" + canary}
		return nil
	})
	must(t, err)
	kept.deployment, err = s.CreateDeployment(ctx, paas.Deployment{Project: kept.project.ID, State: paas.Starting, Env: kept.project.Env, CreatedAt: birth})
	must(t, err)
	must(t, kept.deployment.Advance(paas.Live, birth))
	must(t, s.UpdateDeployment(ctx, kept.deployment))
	kept.mail.To, kept.mail.Username, kept.mail.Token, kept.mail.Detail = canary+"@example.com", canary, canary, canary
	must(t, s.EnqueueMail(ctx, kept.mail))
	return kept
}

// wantSecrets reads everything back.
func wantSecrets(t *testing.T, s *Store, want secrets) {
	t.Helper()
	var got secrets
	var err error
	got.project, err = s.Project(t.Context(), want.project.ID)
	must(t, err)
	got.deployment, err = s.LiveDeployment(t.Context(), want.project.ID)
	must(t, err)
	got.mail, err = s.Mail(t.Context(), want.mail.ID)
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %#v, want %#v", got, want)
	}
	wantSound(t, s)
}

func wantSound(t *testing.T, s *Store) {
	t.Helper()
	if damages, err := s.Check(t.Context()); err != nil || len(damages) > 0 {
		t.Fatalf("the database is damaged: %v, %v", damages, err)
	}
}

// dump is all that the database keeps, as bytes: SQLite's files, or every row of PostgreSQL as text.
func dump(t *testing.T, s *Store) []byte {
	t.Helper()
	var all bytes.Buffer
	if onPostgres(s.writer) {
		for _, table := range tables() {
			var rows []string
			must(t, s.reader.Raw("SELECT CAST(t.* AS text) FROM "+table.name+" t").Scan(&rows).Error)
			fmt.Fprintln(&all, rows)
		}
		return all.Bytes()
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(s.path + suffix)
		must(t, err)
		all.Write(content)
	}
	return all.Bytes()
}

// Trial T45: a dump of the database has no secret, and neither have errors.
func TestSecretsAreEncryptedAtRest(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		kept := someSecrets(t, s)
		wantSecrets(t, s, kept)
		if all := dump(t, s); bytes.Contains(all, []byte(canary)) || !bytes.Contains(all, []byte("ada@example.com")) {
			t.Error("a secret is in the dump, or it is no dump")
		}
		again := kept.project
		for what, err := range map[string]error{
			"taken id":   s.CreateProject(t.Context(), again, 0),
			"taken mail": s.EnqueueMail(t.Context(), kept.mail),
			"too long":   s.CreateProject(t.Context(), paas.Project{ID: paas.ProjectID(strings.Repeat("x", 40)), Owner: again.Owner, Name: "n", Env: again.Env}, 0),
			"no table":   s.write(t.Context(), "write", func(tx *gorm.DB) error { return tx.Exec("INSERT INTO nothing VALUES (?)", canary).Error }),
		} {
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, paas.Public(err)), canary) {
				t.Errorf("%s: the error tells a secret", what)
			}
		}
	})
}

// An encrypted value that was moved to another row, column or name, or changed, does not open.
func TestEncryptedValuesStayInTheirPlace(t *testing.T) {
	for what, statement := range map[string]string{
		"another row":    `UPDATE projects SET config = (SELECT config FROM projects WHERE name = 'blog')`,
		"another column": `UPDATE projects SET config = (SELECT CAST('{"env":{"A":"' || (config->'buildEnv'->>'A') || '"}}' AS jsonb) FROM projects WHERE name = 'blog') WHERE name = 'blog'`,
		"another name":   `UPDATE projects SET config = (SELECT CAST('{"env":{"B":"' || (config->'env'->>'A') || '"}}' AS jsonb) FROM projects WHERE name = 'blog') WHERE name = 'blog'`,
		"another table":  `UPDATE deployments SET env = (SELECT CAST(config->>'env' AS jsonb) FROM projects WHERE name = 'blog')`,
		"clear":          `UPDATE projects SET config = CAST('{"env":{"A":"c4n4ryS3cr3t"},"buildEnv":{}}' AS jsonb)`,
		"no base64":      `UPDATE mails SET payload = payload || '!'`,
		"other bytes":    `UPDATE mails SET payload = substr(payload, 1, 20) || 'AAAA' || substr(payload, 25)`,
		"unknown key":    `UPDATE mails SET payload = 'enc:00000000:AAAA'`,
	} {
		t.Run(what, func(t *testing.T) {
			eachStore(t, func(t *testing.T, s *Store) {
				statement := statement
				if !onPostgres(s.writer) {
					statement = strings.ReplaceAll(statement, " AS jsonb", " AS text")
				}
				kept := someSecrets(t, s)
				someProject(t, s, paas.User{ID: kept.project.Owner}, "other")
				must(t, s.writer.Exec(statement).Error)
				damages, err := s.Check(t.Context())
				must(t, err)
				if len(damages) == 0 {
					t.Fatal("the check finds nothing")
				}
				for _, damage := range damages {
					if strings.Contains(damage, canary) {
						t.Error("the check tells a secret")
					}
				}
			})
		})
	}
}

// Trial T15, for data.key.
func TestTheKeyFile(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		path := filepath.Join(options.DataDir, "data.key")
		s := opened(t, options)
		kept := someSecrets(t, s)
		good, err := os.ReadFile(path)
		must(t, err)
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the key file has mode %v", info.Mode())
		}
		other, err := randomDataKey()
		must(t, err)
		for what, content := range map[string][]byte{
			"empty": {}, "half": good[:len(good)/2], "no key": []byte("hello\n"), "a digit changed": flip(good),
			"another database's": (&keyring{[]dataKey{other}}).encode(), "one line more": append(bytes.Clone(good), "x\n"...),
		} {
			must(t, os.WriteFile(path, content, 0o600))
			wantRefused(t, options, what, path)
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
				t.Errorf("%s: the file was changed", what)
			}
		}
		must(t, os.Remove(path))
		wantRefused(t, options, "missing", path)
		if _, err := os.Stat(path); err == nil {
			t.Error("a key file was made although values are encrypted with the one that is missing")
		}
		must(t, os.WriteFile(path, good, 0o644))
		wantSecrets(t, opened(t, options), kept)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("a restored key file stays open to others: %v, %v", info.Mode(), err)
		}
	})
}

func flip(content []byte) []byte {
	changed := bytes.Clone(content)
	changed[20] ^= 1
	return changed
}

func wantRefused(t *testing.T, options Options, what, path string) {
	t.Helper()
	s, err := Open(t.Context(), options)
	if err == nil {
		must(t, s.Close())
		t.Errorf("%s: the database was opened", what)
	} else if !strings.Contains(err.Error(), path) {
		t.Errorf("%s: %v does not name the file", what, err)
	}
}

func TestAKeyFileElsewhere(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		options.KeyFile = filepath.Join(t.TempDir(), "keys", "k")
		kept := someSecrets(t, opened(t, options))
		wantSecrets(t, opened(t, options), kept)
		if _, err := os.Stat(filepath.Join(options.DataDir, "data.key")); err == nil {
			t.Error("there is a key file in the data directory, too")
		}
	})
}

// Rotation that is interrupted after each of its steps, and within the long one.
func TestRotationCanBeInterruptedAnywhere(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		s, err := Open(t.Context(), options)
		must(t, err)
		kept := someSecrets(t, s)
		for steps := range 5 {
			before := s.keys.Load().keys[0].id
			for _, step := range []func() error{
				s.addKey,
				func() error { return halfReseal(t, s) },
				func() error { return s.reseal(t.Context()) },
				s.dropOldKeys,
			}[:steps] {
				must(t, step())
			}
			wantSecrets(t, s, kept)
			must(t, s.Close()) // as a killed program would leave it: nothing is done at the end
			s, err = Open(t.Context(), options)
			must(t, err)
			wantSecrets(t, s, kept)
			must(t, s.RotateKey(t.Context()))
			wantSecrets(t, s, kept)
			keys, err := readKeys(s.keyFile)
			must(t, err)
			if len(keys.keys) != 1 || keys.keys[0].id == before || bytes.Contains(dump(t, s), []byte(sealedPrefix+before)) {
				t.Errorf("after %d steps: the file has %d keys, or something has the old key", steps, len(keys.keys))
			}
		}
		must(t, s.Close())
		if left, err := filepath.Glob(filepath.Join(options.DataDir, ".data.key-*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

// halfReseal encrypts something anew and then is cut off: the transaction is taken back.
func halfReseal(t *testing.T, s *Store) error {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := s.write(ctx, "encrypt anew", func(tx *gorm.DB) error {
		return rewriteAll(tx, true, func(at place, name, text string) (string, error) {
			if at.table == "deployments" {
				cancel()
			}
			value, err := s.keys.Load().open(at, name, text)
			return s.keys.Load().seal(at, name, value), err
		})
	})
	if err == nil {
		t.Error("the transaction was not cut off")
	}
	return nil
}

func TestRotationWhileOthersWrite(t *testing.T) {
	eachDatabase(t, func(t *testing.T, options Options) {
		s := opened(t, options)
		kept := someSecrets(t, s)
		var done atomic.Bool
		var group sync.WaitGroup
		for i := range 3 {
			group.Go(func() {
				for n := 0; !done.Load(); n++ {
					project := paas.Project{ID: paas.ProjectID(fmt.Sprintf("%d-%d", i, n)), Owner: kept.project.Owner, Name: fmt.Sprintf("p%d-%d", i, n), Env: paas.Env{"A": canary}}
					if err := s.CreateProject(context.Background(), project, 0); err != nil {
						t.Error(err)
					}
					if _, err := s.Project(context.Background(), project.ID); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 5 {
			must(t, s.RotateKey(t.Context()))
		}
		done.Store(true)
		group.Wait()
		wantSecrets(t, opened(t, options), kept) // with the keys of the file alone
	})
}
