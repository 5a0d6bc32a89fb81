package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/paastech-cloud/paastech/paas"
)

func someMail(kind paas.MailKind) paas.Mail {
	return paas.Mail{
		ID: paas.MailID(uuid.NewString()), Kind: kind, To: "ada@example.com", Username: "ada", Token: "t0ken", Until: birth.Add(time.Hour),
		Detail: "new@example.com", State: paas.MailQueued, NextAt: birth, CreatedAt: birth,
	}
}

func TestTheOutbox(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		var mails []paas.Mail
		for i := range 4 {
			mail := someMail(paas.MailConfirm)
			mail.CreatedAt = birth.Add(time.Duration(i) * time.Second)
			mail.NextAt = birth.Add(time.Duration(4-i) * time.Minute)
			mails = append(mails, mail)
			must(t, s.EnqueueMail(ctx, mail))
		}
		due, err := s.DueMails(ctx, birth.Add(3*time.Minute), 2)
		must(t, err)
		if !reflect.DeepEqual(due, mails[1:3]) {
			t.Errorf("due are %v, want the second and third", due)
		}
		newest, err := s.Mails(ctx, 1)
		must(t, err)
		if !reflect.DeepEqual(newest, mails[3:]) {
			t.Errorf("got %v, want the last", newest)
		}

		tried := mails[1]
		tried.State, tried.Attempts, tried.LastError, tried.NextAt = paas.MailFailed, 3, "550 no", birth.Add(time.Hour)
		must(t, s.UpdateMail(ctx, tried))
		if got, err := s.Mail(ctx, tried.ID); err != nil || !reflect.DeepEqual(got, tried) {
			t.Errorf("got %#v, %v; want %#v", got, err, tried)
		}
		must(t, s.DeleteMail(ctx, mails[0].ID))
		must(t, s.DeleteMail(ctx, mails[0].ID))
		wantKind(t, s.UpdateMail(ctx, mails[0]), paas.NotFound)
		_, err = s.Mail(ctx, mails[0].ID)
		wantKind(t, err, paas.NotFound)
		must(t, s.DeleteMailsBefore(ctx, birth.Add(time.Hour)))
		left, err := s.Mails(ctx, 0)
		must(t, err)
		if len(left) != 2 { // the queued ones
			t.Errorf("left are %v", left)
		}
	})
}

func TestInvitations(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for i, id := range []paas.InviteID{"a", "b", "c"} {
			at := birth.Add(time.Duration(i) * time.Hour)
			must(t, s.CreateInvite(ctx, paas.Invite{ID: id, Hash: someNonce(string(id)).Hash, By: "root1", CreatedAt: at, ExpiresAt: at.Add(time.Hour)}))
		}
		wantKind(t, s.CreateInvite(ctx, paas.Invite{ID: "d", Hash: someNonce("a").Hash}), paas.Conflict)
		must(t, s.DeleteInvitesBefore(ctx, birth.Add(90*time.Minute)))
		must(t, s.DeleteInvite(ctx, "c"))
		wantKind(t, s.DeleteInvite(ctx, "c"), paas.NotFound)
		left, err := s.Invites(ctx)
		must(t, err)
		if len(left) != 1 || left[0].ID != "b" {
			t.Errorf("left are %v", left)
		}
		_, err = s.InviteByHash(ctx, someNonce("a").Hash)
		wantKind(t, err, paas.NotFound)
	})
}
