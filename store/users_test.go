package store

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/paastech-cloud/paastech/paas"
)

func TestUsersAreFoundInAnyCase(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		someUser(t, s, "Zoe")
		ada := someUser(t, s, "Ada")
		for what, find := range map[string]func() (paas.User, error){
			"id":    func() (paas.User, error) { return s.User(t.Context(), ada.ID) },
			"name":  func() (paas.User, error) { return s.UserByName(t.Context(), "aDA") },
			"email": func() (paas.User, error) { return s.UserByEmail(t.Context(), "ada@EXAMPLE.com") },
		} {
			if got, err := find(); err != nil || got != ada {
				t.Errorf("by %s: got %#v, %v; want %#v", what, got, err, ada)
			}
		}
		all, err := s.Users(t.Context())
		must(t, err)
		if len(all) != 2 || all[0] != ada {
			t.Errorf("got %v, want Ada and Zoe", all)
		}
	})
}

func TestUsernamesAndAddressesAreTakenInAnyCase(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		someUser(t, s, "ada")
		someUser(t, s, "élan")
		for field, user := range map[string]paas.User{
			"username": {Username: "ADA", Email: "other@example.com"},
			"email":    {Username: "other", Email: "ÉLAN@example.com"},
		} {
			user.ID = paas.UserID(uuid.NewString())
			user.Verified = true
			wantTaken(t, s.CreateUser(t.Context(), user, ""), field)
		}
	})
}

func TestWhoIsNotThereIsNotFound(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for _, id := range []string{uuid.NewString(), "no uuid", "", "' OR 1=1 --"} {
			_, err := s.User(ctx, paas.UserID(id))
			wantKind(t, err, paas.NotFound)
			_, err = s.UserByEmail(ctx, id)
			wantKind(t, err, paas.NotFound)
			wantKind(t, s.SetAdmin(ctx, paas.UserID(id), true), paas.NotFound)
		}
	})
}

func TestANewPasswordEndsAllSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada, bob := someUser(t, s, "ada"), someUser(t, s, "bob")
		sessions := map[paas.SessionID]paas.User{"a1": ada, "a2": ada, "b1": bob}
		for id, user := range sessions {
			must(t, s.CreateSession(ctx, paas.Session{ID: id, User: user.ID, CreatedAt: birth, ExpiresAt: time.Now().Add(time.Hour)}))
		}
		_, err := s.ChangeUser(ctx, ada.ID, func(user *paas.User) (paas.Effects, error) {
			user.PasswordHash = "new"
			return paas.Effects{EndSessions: true}, nil
		})
		must(t, err)
		for id, user := range sessions {
			_, _, err := s.Session(ctx, id)
			if user == bob {
				must(t, err)
			} else {
				wantKind(t, err, paas.NotFound)
			}
		}
		changed, err := s.User(ctx, ada.ID)
		must(t, err)
		if changed.PasswordHash != "new" {
			t.Errorf("got %#v", changed)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		now := stored(time.Now())
		good := paas.Session{ID: "good", User: ada.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		must(t, s.CreateSession(ctx, good))
		must(t, s.CreateSession(ctx, paas.Session{ID: "ended", User: ada.ID, CreatedAt: now, ExpiresAt: now.Add(-time.Second)}))

		got, user, err := s.Session(ctx, "good")
		if err != nil || got != good || user != ada {
			t.Fatalf("got %v, %v, %v", got, user, err)
		}
		_, _, err = s.Session(ctx, "ended")
		wantKind(t, err, paas.NotFound)

		must(t, s.DeleteSessionsBefore(ctx, now))
		var left int64
		must(t, s.read(ctx).Model(&sessionRow{}).Count(&left).Error)
		if left != 1 {
			t.Errorf("%d sessions are left, want 1", left)
		}
		must(t, s.DeleteSession(ctx, "good"))
		must(t, s.DeleteSession(ctx, "good"))
		_, _, err = s.Session(ctx, "good")
		wantKind(t, err, paas.NotFound)
		wantKind(t, s.CreateSession(ctx, paas.Session{ID: "x", User: "nobody"}), paas.NotFound)
	})
}

func TestSessionsOfAUserAreListedAndEnded(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada, bob := someUser(t, s, "ada"), someUser(t, s, "bob")
		now := stored(time.Now())
		make := func(id paas.SessionID, user paas.User, age, left time.Duration) paas.Session {
			session := paas.Session{
				ID: id, User: user.ID, CreatedAt: now.Add(-age), ExpiresAt: now.Add(left), Origin: paas.Origin{Address: "2001:db8::" + string(id), Agent: "Firefox <" + string(id) + ">"},
			}
			must(t, s.CreateSession(ctx, session))
			return session
		}
		a1, a2, a3 := make("1", ada, 3*time.Hour, time.Hour), make("2", ada, 2*time.Hour, time.Hour), make("3", ada, time.Hour, time.Hour)
		b1 := make("4", bob, 0, time.Hour)
		make("5", ada, time.Hour, -time.Second)
		wantSessions := func(user paas.User, want ...paas.Session) {
			t.Helper()
			if got, err := s.Sessions(ctx, user.ID); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
		wantSessions(ada, a3, a2, a1)
		wantKind(t, s.EndSession(ctx, bob.ID, a1.ID), paas.NotFound)
		must(t, s.EndSession(ctx, ada.ID, a3.ID))
		wantKind(t, s.EndSession(ctx, ada.ID, a3.ID), paas.NotFound)
		wantSessions(ada, a2, a1)
		must(t, s.EndSessions(ctx, ada.ID, a1.ID))
		wantSessions(ada, a1)
		wantSessions(bob, b1)
		must(t, s.EndSessions(ctx, ada.ID, ""))
		wantSessions(ada)
		wantSessions(bob, b1)
	})
}

func TestKeys(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada, bob := someUser(t, s, "ada"), someUser(t, s, "bob")
		key := paas.SSHKey{ID: "k1", User: ada.ID, Name: "laptop", Value: "ssh-ed25519 AAAA", Fingerprint: "SHA256:1", CreatedAt: birth}
		must(t, s.CreateKey(ctx, key))
		wantTaken(t, s.CreateKey(ctx, paas.SSHKey{ID: "k2", User: bob.ID, Fingerprint: "SHA256:1"}), "value")
		must(t, s.CreateKey(ctx, paas.SSHKey{ID: "k3", User: bob.ID, Fingerprint: "SHA256:3", CreatedAt: birth.Add(time.Second)}))

		used := birth.Add(time.Hour)
		must(t, s.TouchKey(ctx, "k1", used))
		must(t, s.TouchKey(ctx, "gone", used))
		got, err := s.KeyByFingerprint(ctx, "SHA256:1")
		must(t, err)
		if got.LastUsedAt == nil || !got.LastUsedAt.Equal(used) {
			t.Fatalf("last use is %v, want %v", got.LastUsedAt, used)
		}
		got.LastUsedAt = nil
		if got != key {
			t.Fatalf("got %#v, want %#v", got, key)
		}

		own, err := s.Keys(ctx, ada.ID)
		must(t, err)
		all, err := s.AllKeys(ctx)
		must(t, err)
		if len(own) != 1 || own[0].ID != "k1" || len(all) != 2 || all[1].ID != "k3" {
			t.Fatalf("got %v of %v", own, all)
		}
		wantKind(t, s.DeleteKey(ctx, bob.ID, "k1"), paas.NotFound)
		must(t, s.DeleteKey(ctx, ada.ID, "k1"))
		_, err = s.KeyByFingerprint(ctx, "SHA256:1")
		wantKind(t, err, paas.NotFound)
	})
}
