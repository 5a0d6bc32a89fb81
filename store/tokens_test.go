package store

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/paastech-cloud/paastech/paas"
)

func someToken(user paas.User, secret string, project paas.ProjectID) paas.APIToken {
	return paas.APIToken{
		ID: paas.TokenID(uuid.NewString()), User: user.ID, Name: "ci", Scope: paas.ScopeDeploy, Project: project,
		Hash: paas.HashToken(paas.Secret(secret)), CreatedAt: birth,
	}
}

func TestTokens(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada, bob := someUser(t, s, "ada"), someUser(t, s, "bob")
		project := someProject(t, s, ada, "blog")
		end := stored(time.Now().Add(time.Hour))
		token := someToken(ada, "one", project.ID)
		token.ExpiresAt = &end
		must(t, s.CreateToken(ctx, token))
		ended, past := someToken(ada, "ended", ""), time.Now().Add(-time.Second)
		ended.ExpiresAt, ended.CreatedAt = &past, birth.Add(time.Second)
		must(t, s.CreateToken(ctx, ended))
		wantKind(t, s.CreateToken(ctx, someToken(bob, "one", "")), paas.Conflict)
		wantKind(t, s.CreateToken(ctx, someToken(ada, "two", "gone")), paas.NotFound)

		for range 2 { // the second answer is from memory
			got, user, err := s.TokenByHash(ctx, token.Hash)
			if err != nil || !reflect.DeepEqual(got, token) || user != ada {
				t.Fatalf("got %#v of %v, %v; want %#v", got, user.Username, err, token)
			}
			*got.ExpiresAt = birth // its own copy
		}
		_, _, err := s.TokenByHash(ctx, ended.Hash)
		wantKind(t, err, paas.NotFound)
		used := birth.Add(time.Hour)
		must(t, s.TouchToken(ctx, token.ID, used))
		must(t, s.TouchToken(ctx, "gone", used))
		if got, _, err := s.TokenByHash(ctx, token.Hash); err != nil || got.LastUsedAt == nil || !got.LastUsedAt.Equal(used) {
			t.Errorf("got %v, %v", got, err)
		}
		all, err := s.Tokens(ctx, ada.ID)
		must(t, err)
		if len(all) != 2 || all[0].ID != token.ID {
			t.Errorf("got %v", all)
		}
		wantKind(t, s.DeleteToken(ctx, bob.ID, token.ID), paas.NotFound)
		must(t, s.DeleteToken(ctx, ada.ID, token.ID))
		_, _, err = s.TokenByHash(ctx, token.Hash)
		wantKind(t, err, paas.NotFound)
	})
}

func TestATokenEndsWithItsProject(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		project := someProject(t, s, ada, "blog")
		token := someToken(ada, "one", project.ID)
		must(t, s.CreateToken(ctx, token))
		must(t, s.BeginProjectDeletion(ctx, project.ID))
		_, _, err := s.TokenByHash(ctx, token.Hash)
		wantKind(t, err, paas.NotFound)
		wantKind(t, s.CreateToken(ctx, someToken(ada, "two", project.ID)), paas.NotFound)
	})
}

// Trial T39: what was revoked is gone for every call that begins after the revocation returned,
// whoever asks at the same time and whatever else is written.
func TestNoAnswerFromMemoryIsStale(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ada := someUser(t, s, "ada")
		var done atomic.Bool
		var writer sync.WaitGroup
		writer.Go(func() {
			for !done.Load() {
				if err := s.AppendAudit(context.Background(), paas.AuditEntry{At: birth}); err != nil {
					t.Error(err)
				}
			}
		})
		for round := range 60 {
			token := someToken(ada, fmt.Sprint(round), "")
			session := paas.Session{ID: paas.SessionID(fmt.Sprint(round)), User: ada.ID, CreatedAt: birth, ExpiresAt: time.Now().Add(time.Hour)}
			must(t, s.CreateToken(t.Context(), token))
			must(t, s.CreateSession(t.Context(), session))
			var revoked atomic.Bool
			var readers sync.WaitGroup
			for range 4 {
				readers.Go(func() {
					for last := false; !last; {
						last = revoked.Load() // before the call begins
						_, _, err := s.Session(context.Background(), session.ID)
						_, _, tokenErr := s.TokenByHash(context.Background(), token.Hash)
						if last && (err == nil || tokenErr == nil) {
							t.Errorf("round %d: a revoked session or token is good: %v, %v", round, err, tokenErr)
						}
					}
				})
			}
			must(t, s.DeleteSession(t.Context(), session.ID))
			must(t, s.DeleteToken(t.Context(), ada.ID, token.ID))
			revoked.Store(true)
			readers.Wait()
		}
		done.Store(true)
		writer.Wait()
	})
}

func TestAnswersFromMemoryEndWithTheirTime(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		end := time.Now().Add(400 * time.Millisecond)
		must(t, s.CreateSession(ctx, paas.Session{ID: "1", User: ada.ID, CreatedAt: birth, ExpiresAt: end}))
		generation, found := s.Generation(), 0
		for {
			asked := time.Now()
			_, _, err := s.Session(ctx, "1")
			if err == nil && asked.After(end) {
				t.Fatal("a session outlived its time")
			}
			if err != nil {
				wantKind(t, err, paas.NotFound)
				break
			}
			found++
		}
		if found == 0 || generation != s.Generation() {
			t.Errorf("found %d times; reading changed the generation from %d to %d", found, generation, s.Generation())
		}
	})
}

func TestMemoryOfAnswersIsBounded(t *testing.T) {
	var memory answers[int, paas.Session]
	for id := range 3 * mostAnswers {
		memory.keep(1, id, answer[paas.Session]{})
		if len(memory.memory.known) > mostAnswers {
			t.Fatalf("%d answers are kept", len(memory.memory.known))
		}
	}
	memory.keep(0, -1, answer[paas.Session]{})
	if _, ok := memory.find(1, -1); ok {
		t.Error("an answer of an earlier generation was kept")
	}
	if _, ok := memory.find(2, 3*mostAnswers-1); ok {
		t.Error("an answer outlived its generation")
	}
	if _, ok := memory.find(1, 3*mostAnswers-1); !ok {
		t.Error("the newest answer is gone")
	}
}
