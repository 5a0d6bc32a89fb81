package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/paastech-cloud/paastech/paas"
)

func someNonce(text string) *paas.Nonce {
	sum := sha256.Sum256([]byte(text))
	return &paas.Nonce{Hash: paas.NonceHash(hex.EncodeToString(sum[:])), At: birth}
}

func unverified(name, email string) paas.User {
	return paas.User{
		ID: paas.UserID(uuid.NewString()), Username: name, Email: email, PasswordHash: "$argon2id$…",
		EmailNonce: someNonce(name), CreatedAt: birth, UpdatedAt: birth,
	}
}

func confirm(user *paas.User) (paas.Effects, error) {
	user.Verified, user.EmailNonce = true, nil
	return paas.Effects{}, nil
}

func TestAccountsComeBackWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		user := unverified("ada", "Ada@example.com")
		user.IsAdmin = true
		user.PasswordNonce, user.PendingNonce, user.PendingEmail = someNonce("reset"), someNonce("address"), "new@example.com"
		user.Limits = &paas.UserLimits{Projects: 3, Memory: 1 << 40}
		must(t, s.CreateUser(ctx, user, ""))
		for what, find := range map[string]func() (paas.User, error){
			"id":            func() (paas.User, error) { return s.User(ctx, user.ID) },
			"address":       func() (paas.User, error) { return s.UnverifiedUser(ctx, "aDA@example.com") },
			"confirmation":  func() (paas.User, error) { return s.UserByNonce(ctx, user.EmailNonce.Hash) },
			"reset":         func() (paas.User, error) { return s.UserByNonce(ctx, user.PasswordNonce.Hash) },
			"other address": func() (paas.User, error) { return s.UserByNonce(ctx, user.PendingNonce.Hash) },
		} {
			if got, err := find(); err != nil || !reflect.DeepEqual(got, user) {
				t.Errorf("by %s: got %#v, %v; want %#v", what, got, err, user)
			}
		}
		for _, nobody := range []paas.NonceHash{"", "0", someNonce("other").Hash} {
			_, err := s.UserByNonce(ctx, nobody)
			wantKind(t, err, paas.NotFound)
		}
		_, err := s.UserByEmail(ctx, user.Email)
		wantKind(t, err, paas.NotFound)
		_, err = s.UserByEmail(ctx, string(user.ID)) // what stands in the address's place meanwhile
		wantKind(t, err, paas.NotFound)

		changed, err := s.ChangeUser(ctx, user.ID, func(user *paas.User) (paas.Effects, error) {
			user.PasswordNonce, user.PendingNonce, user.PendingEmail, user.Limits = nil, nil, "", nil
			user.IsAdmin, user.CreatedAt, user.ID = false, time.Now(), "other" // not its to change
			return confirm(user)
		})
		must(t, err)
		want := user
		want.Verified, want.EmailNonce, want.PasswordNonce, want.PendingNonce, want.PendingEmail, want.Limits = true, nil, nil, nil, "", nil
		if got, err := s.UserByEmail(ctx, "ada@EXAMPLE.com"); err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(changed, want) {
			t.Errorf("got %#v, %v; and %#v; want %#v", got, err, changed, want)
		}
		_, err = s.UnverifiedUser(ctx, user.Email)
		wantKind(t, err, paas.NotFound)
	})
}

func TestAnAccountIsVerifiedOrWaits(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		neither, both := unverified("ada", "a@example.com"), unverified("bob", "b@example.com")
		neither.EmailNonce, both.Verified = nil, true
		for _, user := range []paas.User{neither, both} {
			if err := s.CreateUser(t.Context(), user, ""); err == nil {
				t.Errorf("account %#v was stored", user)
			}
		}
	})
}

// Anybody may begin to register any address; only one can confirm it.
func TestAddressesBelongToWhoConfirmedThem(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		first, second := unverified("first", "same@example.com"), unverified("second", "SAME@example.com")
		second.CreatedAt = birth.Add(time.Second)
		must(t, s.CreateUser(ctx, first, ""))
		must(t, s.CreateUser(ctx, second, ""))
		if got, err := s.UnverifiedUser(ctx, "same@example.com"); err != nil || got.ID != second.ID {
			t.Errorf("got %v, %v; want the newest", got.Username, err)
		}
		_, err := s.ChangeUser(ctx, first.ID, confirm)
		must(t, err)
		_, err = s.ChangeUser(ctx, second.ID, confirm)
		wantTaken(t, err, "email")
		third := unverified("third", "same@example.com")
		must(t, s.CreateUser(ctx, third, ""))

		old, err := s.UnverifiedBefore(ctx, birth.Add(500*time.Millisecond))
		must(t, err)
		if len(old) != 1 || old[0].ID != third.ID {
			t.Errorf("got %v, want the third alone", old)
		}
	})
}

func TestChangesOfAccountsComeWithTheirEffects(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		asked, sent := someMail(paas.MailResetAsked), someMail(paas.MailReset)
		must(t, s.EnqueueMail(ctx, asked))
		must(t, s.CreateSession(ctx, paas.Session{ID: "1", User: ada.ID, CreatedAt: birth, ExpiresAt: time.Now().Add(time.Hour)}))
		refused := paas.Errorf(paas.Invalid, paas.EBadLink, "no")
		_, err := s.ChangeUser(ctx, ada.ID, func(user *paas.User) (paas.Effects, error) {
			user.Username = "eve"
			return paas.Effects{Mails: []paas.Mail{sent}, Done: asked.ID, EndSessions: true}, refused
		})
		wantKind(t, err, paas.Invalid)
		if got, err := s.Mail(ctx, asked.ID); err != nil || !reflect.DeepEqual(got, asked) {
			t.Fatalf("a refused change had effects: %v, %v", got, err)
		}
		_, _, err = s.Session(ctx, "1")
		must(t, err)

		_, err = s.ChangeUser(ctx, ada.ID, func(*paas.User) (paas.Effects, error) {
			return paas.Effects{Mails: []paas.Mail{sent}, Done: asked.ID, EndSessions: true}, nil
		})
		must(t, err)
		mails, err := s.Mails(ctx, 0)
		must(t, err)
		if len(mails) != 1 || !reflect.DeepEqual(mails[0], sent) {
			t.Errorf("got %v, want the new mail alone", mails)
		}
		_, _, err = s.Session(ctx, "1")
		wantKind(t, err, paas.NotFound)
		_, err = s.ChangeUser(ctx, "nobody", confirm)
		wantKind(t, err, paas.NotFound)
	})
}

func TestAnInvitationIsUsedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		invite := paas.Invite{ID: "i", Hash: someNonce("i").Hash, Email: "a@example.com", By: "root1", CreatedAt: birth, ExpiresAt: birth.Add(time.Hour)}
		must(t, s.CreateInvite(ctx, invite, someMail(paas.MailInvite)))
		if got, err := s.InviteByHash(ctx, invite.Hash); err != nil || got != invite {
			t.Fatalf("got %v, %v", got, err)
		}
		var group sync.WaitGroup
		errs := make([]error, 4)
		for i, name := range []string{"ada", "bob", "eve", "zoe"} {
			group.Go(func() {
				errs[i] = s.CreateUser(context.Background(), unverified(name, name+"@example.com"), invite.ID, someMail(paas.MailConfirm))
			})
		}
		group.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else {
				wantKind(t, err, paas.NotFound)
			}
		}
		mails, err := s.Mails(ctx, 0)
		must(t, err)
		if made != 1 || len(mails) != 2 {
			t.Errorf("%d accounts were made and %d mails put out, want 1 and 2", made, len(mails))
		}
	})
}

// Trial: two administrators remove each other, in all ways at once; exactly one stays.
func TestTheLastAdministratorStays(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		waiting := unverified("waiting", "w@example.com") // cannot log in, so does not count
		waiting.IsAdmin = true
		must(t, s.CreateUser(ctx, waiting, ""))
		remove := []func(paas.UserID) error{
			func(id paas.UserID) error { return s.SetAdmin(context.Background(), id, false) },
			func(id paas.UserID) error { return s.BeginUserDeletion(context.Background(), id) },
		}
		ada := someUser(t, s, "ada")
		must(t, s.SetAdmin(ctx, ada.ID, true))
		last := ada.ID
		for round := range 20 {
			other := someUser(t, s, "other"+uuid.NewString()[:8])
			must(t, s.SetAdmin(ctx, other.ID, true))
			ids, errs := []paas.UserID{last, other.ID}, make([]error, 2)
			var group sync.WaitGroup
			for i, id := range ids {
				group.Go(func() { errs[i] = remove[(round+i*round/2)%2](id) })
			}
			group.Wait()
			stays := slices.IndexFunc(errs, func(err error) bool { return paas.IsCode(err, paas.ELastAdmin) })
			if stays < 0 || errs[1-stays] != nil {
				t.Fatalf("round %d: got %v, want one refused and one done", round, errs)
			}
			last = ids[stays]
			if got, err := s.User(ctx, last); err != nil || !got.IsAdmin {
				t.Fatalf("round %d: the last administrator is %v, %v", round, got, err)
			}
		}
		wantKind(t, s.SetAdmin(ctx, last, false), paas.Conflict)
		wantKind(t, s.BeginUserDeletion(ctx, last), paas.Conflict)
	})
}

func TestLosingRightsEndsLogIns(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada, bob := someUser(t, s, "ada"), someUser(t, s, "bob")
		must(t, s.SetAdmin(ctx, ada.ID, true))
		must(t, s.SetAdmin(ctx, bob.ID, true))
		must(t, s.CreateSession(ctx, paas.Session{ID: "1", User: bob.ID, CreatedAt: birth, ExpiresAt: time.Now().Add(time.Hour)}))
		if _, user, err := s.Session(ctx, "1"); err != nil || !user.IsAdmin {
			t.Fatalf("got %v, %v", user, err)
		}
		must(t, s.SetAdmin(ctx, bob.ID, false))
		_, _, err := s.Session(ctx, "1")
		wantKind(t, err, paas.NotFound)
	})
}

// From the first moment of its deletion an account is found by DeletingUsers alone.
func TestAnAccountThatIsBeingDeletedIsInvisible(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		user := someUser(t, s, "ada")
		project := someProject(t, s, user, "blog")
		token := someToken(user, "t", "")
		in := time.Now().Add(time.Hour)
		must(t, s.CreateToken(ctx, token))
		must(t, s.CreateKey(ctx, paas.SSHKey{ID: "k", User: user.ID, Fingerprint: "SHA256:1", CreatedAt: birth}))
		must(t, s.CreateSession(ctx, paas.Session{ID: "1", User: user.ID, CreatedAt: birth, ExpiresAt: in}))
		_, err := s.ChangeUser(ctx, user.ID, func(user *paas.User) (paas.Effects, error) {
			user.PasswordNonce = someNonce("reset")
			return paas.Effects{}, nil
		})
		must(t, err)

		must(t, s.BeginUserDeletion(ctx, user.ID))
		for what, err := range map[string]error{
			"User":              second(s.User(ctx, user.ID)),
			"UserByName":        second(s.UserByName(ctx, "ada")),
			"UserByEmail":       second(s.UserByEmail(ctx, user.Email)),
			"UserByNonce":       second(s.UserByNonce(ctx, someNonce("reset").Hash)),
			"ChangeUser":        second(s.ChangeUser(ctx, user.ID, confirm)),
			"Session":           third(s.Session(ctx, "1")),
			"TokenByHash":       third(s.TokenByHash(ctx, token.Hash)),
			"KeyByFingerprint":  second(s.KeyByFingerprint(ctx, "SHA256:1")),
			"Project":           second(s.Project(ctx, project.ID)),
			"SetAdmin":          s.SetAdmin(ctx, user.ID, true),
			"BeginUserDeletion": s.BeginUserDeletion(ctx, user.ID),
			"CreateSession":     s.CreateSession(ctx, paas.Session{ID: "2", User: user.ID, CreatedAt: birth, ExpiresAt: in}),
			"CreateToken":       s.CreateToken(ctx, someToken(user, "t2", "")),
			"CreateKey":         s.CreateKey(ctx, paas.SSHKey{ID: "k2", User: user.ID, Fingerprint: "SHA256:2"}),
			"CreateProject":     s.CreateProject(ctx, paas.Project{ID: "p2", Owner: user.ID, Name: "other"}, 0),
		} {
			if !paas.IsKind(err, paas.NotFound) {
				t.Errorf("%s: got %v, want NotFound", what, err)
			}
		}
		users, err := s.Users(ctx)
		must(t, err)
		deleting, err := s.DeletingUsers(ctx)
		must(t, err)
		if len(users) != 0 || len(deleting) != 1 || deleting[0].ID != user.ID || deleting[0].Email != user.Email {
			t.Errorf("users are %v, deleting %v", users, deleting)
		}
		wantTaken(t, s.CreateUser(ctx, unverified("ADA", "other@example.com"), ""), "username")
		again := unverified("again", user.Email)
		must(t, s.CreateUser(ctx, again, ""))
		_, err = s.ChangeUser(ctx, again.ID, confirm)
		must(t, err)

		wantKind(t, s.DeleteUser(ctx, user.ID), paas.Conflict) // there is a project yet
		must(t, s.DeleteProject(ctx, project.ID))
		must(t, s.DeleteUser(ctx, user.ID))
		wantKind(t, s.DeleteUser(ctx, user.ID), paas.NotFound)
	})
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }
