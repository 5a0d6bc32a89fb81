package store

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// fill puts rows into every table.
func fill(t *testing.T, s *Store) secrets {
	t.Helper()
	ctx := t.Context()
	kept := someSecrets(t, s)
	waiting := unverified("Ünal", "ü@example.com")
	waiting.Limits, waiting.PasswordNonce = &paas.UserLimits{Disk: 1 << 50}, someNonce("p")
	must(t, s.CreateUser(ctx, waiting, ""))
	ada, err := s.UserByName(ctx, "ada")
	must(t, err)
	must(t, s.CreateKey(ctx, paas.SSHKey{ID: "k", User: ada.ID, Name: "ü <&>", Fingerprint: "SHA256:1", CreatedAt: birth, LastUsedAt: &birth}))
	must(t, s.CreateSession(ctx, paas.Session{ID: "s", User: ada.ID, CreatedAt: birth, ExpiresAt: time.Now().Add(time.Hour)}))
	must(t, s.CreateToken(ctx, someToken(ada, "t", kept.project.ID)))
	must(t, s.CreateInvite(ctx, paas.Invite{ID: "i", Hash: "h", By: "ada", Admin: true, CreatedAt: birth, ExpiresAt: birth}))
	for _, name := range []paas.Hostname{"shop.example.com", "ü.example.com"} {
		must(t, s.AddDomain(ctx, paas.Domain{Name: name, Project: kept.project.ID, Token: "t", CreatedAt: birth, CheckedAt: birth, ProvenAt: &birth}, 10))
	}
	for i := range 12 { // numbers and ids whose order as text is another one
		_, err := s.CreateDeployment(ctx, paas.Deployment{Project: kept.project.ID, State: paas.Failed, Diagnosis: &paas.Diagnosis{Code: "E_X", Message: "<é>"}, Env: paas.Env{"A": "1"}, CreatedAt: birth})
		must(t, err)
		must(t, s.AppendAudit(ctx, paas.AuditEntry{At: birth, Name: fmt.Sprint(i)}))
		must(t, s.EnqueueMail(ctx, someMail(paas.MailReset)))
		_, err = s.AppendEvent(ctx, paas.Event{Kind: paas.EventEnded, Project: kept.project.ID, At: birth, Message: "é", Process: "web.1", ExitCode: &i})
		must(t, err)
		someProject(t, s, ada, strings.Repeat("a", i+1))
	}
	gone := someUser(t, s, "gone")
	must(t, s.BeginUserDeletion(ctx, gone.ID))
	return kept
}

// everything is all that a store answers to those who list.
func everything(t *testing.T, s *Store) []any {
	t.Helper()
	ctx := t.Context()
	var all []any
	add := func(what any, err error) {
		must(t, err)
		all = append(all, what)
	}
	users, err := s.Users(ctx)
	add(users, err)
	for _, user := range users {
		tokens, err := s.Tokens(ctx, user.ID)
		add(tokens, err)
		projects, err := s.Projects(ctx, user.ID)
		add(projects, err)
		for _, project := range projects {
			deployments, err := s.Deployments(ctx, project.ID, 0, 0)
			add(deployments, err)
			events, err := s.Events(ctx, project.ID, 0, 0)
			add(events, err)
		}
	}
	domains, err := s.AllDomains(ctx)
	add(domains, err)
	deleting, err := s.DeletingUsers(ctx)
	add(deleting, err)
	keys, err := s.AllKeys(ctx)
	add(keys, err)
	session, _, err := s.Session(ctx, "s")
	add(session, err)
	invites, err := s.Invites(ctx)
	add(invites, err)
	mails, err := s.Mails(ctx, 0)
	add(mails, err)
	audit, err := s.Audit(ctx, paas.AuditQuery{})
	add(audit, err)
	return all
}

func TestMoveTakesEveryRowAlong(t *testing.T) {
	from, to := Options{DataDir: t.TempDir()}, databases()["postgres"](t)
	source := opened(t, from)
	kept := fill(t, source)
	var reported []string
	must(t, Move(t.Context(), from, to, func(line string) { reported = append(reported, line) }))
	if len(reported) != len(tables()) || !strings.HasPrefix(reported[4], "deployments: 13 rows") {
		t.Errorf("reported was %q", reported)
	}

	to.DataDir = from.DataDir // the key file stays where it is
	target := opened(t, to)
	wantSecrets(t, target, kept)
	if got, want := everything(t, target), everything(t, source); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	must(t, target.AppendAudit(t.Context(), paas.AuditEntry{At: birth})) // numbers go on where they were
	entries, err := target.Audit(t.Context(), paas.AuditQuery{Limit: 1})
	must(t, err)
	event, err := target.AppendEvent(t.Context(), paas.Event{Kind: paas.EventCalm, Project: kept.project.ID, At: birth})
	must(t, err)
	if event.ID != 13 {
		t.Errorf("the next event has number %d, want 13", event.ID)
	}
	if entries[0].ID != 13 {
		t.Errorf("the next entry has number %d, want 13", entries[0].ID)
	}
	wantKind(t, Move(t.Context(), from, to, func(string) {}), paas.Conflict)
}

// A table that a schema brings is moved, too: domains were once left behind.
func TestEveryTableIsMoved(t *testing.T) {
	s := opened(t, Options{DataDir: t.TempDir()})
	var found, moved []string
	must(t, s.reader.Raw("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").Scan(&found).Error)
	for _, table := range tables() {
		moved = append(moved, table.name)
	}
	moved = append(moved, "migrations", "sweeps") // what was done to this database alone
	slices.Sort(found)
	slices.Sort(moved)
	if !slices.Equal(found, moved) {
		t.Errorf("the database has %v, moved are %v", found, moved)
	}
}

// What does not come back as it was written is not kept.
func TestMoveKeepsNothingThatDiffers(t *testing.T) {
	from, to := Options{DataDir: t.TempDir()}, databases()["postgres"](t)
	fill(t, opened(t, from))
	target := opened(t, to)
	for _, statement := range []string{
		`CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.last_error := 'x'; RETURN NEW; END $$`,
		`CREATE TRIGGER spoil BEFORE INSERT ON mails FOR EACH ROW EXECUTE FUNCTION spoil()`,
	} {
		must(t, target.writer.Exec(statement).Error)
	}
	err := Move(t.Context(), from, to, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "compare mails") {
		t.Errorf("got %v", err)
	}
	if users, err := target.Users(t.Context()); err != nil || len(users) != 0 {
		t.Errorf("something was kept: %v, %v", users, err)
	}
}

func TestMoveGoesFromSQLiteToPostgresAlone(t *testing.T) {
	lite, postgres := Options{DataDir: t.TempDir()}, databases()["postgres"](t)
	wantKind(t, Move(t.Context(), postgres, postgres, nil), paas.Invalid)
	wantKind(t, Move(t.Context(), lite, Options{DataDir: t.TempDir()}, nil), paas.Invalid)
	wantKind(t, Move(t.Context(), lite, Options{URL: "mysql://x"}, nil), paas.Invalid)
}

// gorm would put the time of now, in nanoseconds, where there is none.
func TestTimesAreStoredAsTheyAreGiven(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		must(t, s.CreateUser(t.Context(), paas.User{ID: "u", Username: "ada", Email: "a@example.com", Verified: true}, ""))
		got, err := s.User(t.Context(), "u")
		if err != nil || !got.CreatedAt.IsZero() || !got.UpdatedAt.IsZero() {
			t.Errorf("got %v and %v, %v", got.CreatedAt, got.UpdatedAt, err)
		}
	})
}
