package store

import (
	"reflect"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestAuditIsListedNewestFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		var want []paas.AuditEntry
		for i, name := range []string{"ada", "bob", "ada", ""} {
			entry := paas.AuditEntry{
				At: birth, User: ada.ID, Name: name, With: "session 1f3a", From: "192.0.2.1", Action: "deleteProject",
				Target: []string{"x", "y"}[i%2], Result: paas.AuditDone,
			}
			must(t, s.AppendAudit(ctx, entry))
			entry.ID = int64(i + 1)
			want = append([]paas.AuditEntry{entry}, want...)
		}
		must(t, s.DeleteUser(ctx, ada.ID)) // the record stays
		for _, test := range []struct {
			query paas.AuditQuery
			want  []paas.AuditEntry
		}{
			{paas.AuditQuery{}, want},
			{paas.AuditQuery{Limit: 2}, want[:2]},
			{paas.AuditQuery{Before: 2}, want[3:]},
			{paas.AuditQuery{Name: "ada", Limit: 1}, want[1:2]},
			{paas.AuditQuery{Name: "ada", Target: "y"}, nil},
			{paas.AuditQuery{Target: "y"}, []paas.AuditEntry{want[0], want[2]}},
		} {
			got, err := s.Audit(ctx, test.query)
			if err != nil || len(got) != len(test.want) || len(got) > 0 && !reflect.DeepEqual(got, test.want) {
				t.Errorf("%+v: got %v, %v; want %v", test.query, got, err, test.want)
			}
		}
	})
}

func TestAuditOnlyGrows(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		entry := paas.AuditEntry{At: birth, Name: "ada", Action: "push", Result: paas.AuditDone}
		must(t, s.AppendAudit(t.Context(), entry))
		statements := []string{"UPDATE audit SET name = 'eve'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1"}
		if onPostgres(s.writer) {
			statements = append(statements, "TRUNCATE audit", "TRUNCATE audit CASCADE")
		} else {
			statements = append(statements, "REPLACE INTO audit SELECT * FROM audit", "INSERT OR REPLACE INTO audit SELECT * FROM audit")
		}
		for _, statement := range statements {
			if err := s.writer.Exec(statement).Error; err == nil {
				t.Errorf("%s was done", statement)
			}
		}
		got, err := s.Audit(t.Context(), paas.AuditQuery{})
		if err != nil || len(got) != 1 || got[0].Name != "ada" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}
