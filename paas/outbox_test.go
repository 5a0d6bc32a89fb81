package paas_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestOutboxTriesAgainAndGivesUp(t *testing.T) {
	tw := newTown(t, nil)
	ctx := t.Context()
	tw.mailer.fails = errors.New("421 not now")
	_, err := tw.register("grace")
	tw.must(err)
	began := tw.now
	var waits []time.Duration
	for range 25 {
		tw.must(tw.Deliver(ctx))
		mails, err := tw.Mails(ctx)
		tw.must(err)
		if len(mails) != 1 {
			t.Fatalf("%d mails are kept", len(mails))
		}
		if mails[0].State == paas.MailFailed {
			break
		}
		before := tw.mailer.attempts
		waits = append(waits, mails[0].NextAt.Sub(tw.now))
		tw.now = mails[0].NextAt.Add(-time.Second)
		tw.must(tw.Deliver(ctx))
		if tw.mailer.attempts != before {
			t.Fatal("tried before its time")
		}
		tw.now = mails[0].NextAt
	}
	mails, err := tw.Mails(ctx)
	tw.must(err)
	if mails[0].State != paas.MailFailed || mails[0].Attempts != 20 || tw.mailer.attempts != 20 || !strings.Contains(mails[0].LastError, "421") {
		t.Errorf("in the end: %+v after %d attempts", mails[0], tw.mailer.attempts)
	}
	for i, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute} {
		if waits[i] != want {
			t.Errorf("wait %d is %s, not %s", i+1, waits[i], want)
		}
	}
	if took := tw.now.Sub(began); took < 36*time.Hour || took > 72*time.Hour {
		t.Errorf("given up after %s", took)
	}
	tw.now = tw.now.Add(31 * 24 * time.Hour)
	tw.Clean(ctx)
	if mails, _ = tw.Mails(ctx); len(mails) != 0 {
		t.Errorf("a month later %d mails are kept", len(mails))
	}

	tw.mailer.fails = paas.Errorf(paas.Rejected, "E_MAIL_REJECTED", "550 nobody here")
	_, err = tw.register("hopper")
	tw.must(err)
	tw.must(tw.Deliver(ctx))
	if mails, _ = tw.Mails(ctx); len(mails) != 1 || mails[0].State != paas.MailFailed || mails[0].Attempts != 1 {
		t.Errorf("a mail that no attempt will deliver: %+v", mails)
	}
}

func TestMailIsDeliveredWhenTheServerIsBack(t *testing.T) {
	tw := newTown(t, nil)
	tw.mailer.fails = errors.New("connection refused")
	_, err := tw.register("grace")
	tw.must(err)
	tw.must(tw.Deliver(t.Context()))
	tw.mailer.fails = nil
	tw.now = tw.now.Add(time.Minute)
	link := tw.letter(paas.MailConfirm, "grace@example.com").Token
	_, err = tw.Confirm(t.Context(), link)
	tw.must(err)
	if mails, _ := tw.Mails(t.Context()); len(mails) != 0 {
		t.Errorf("a delivered mail is kept: %v", mails)
	}
}

// TestMailServerThatIsAwayDelaysNobody: while an attempt hangs, requests are answered and kept.
func TestMailServerThatIsAwayDelaysNobody(t *testing.T) {
	tw := newTown(t, nil)
	tw.mailer.entered = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	delivered := make(chan error, 1)
	_, err := tw.register("grace")
	tw.must(err)
	go func() { delivered <- tw.Deliver(ctx) }()
	<-tw.mailer.entered
	_, err = tw.register("hopper")
	tw.must(err)
	tw.must(tw.AskReset(t.Context(), "ada@example.com", home))
	select {
	case err := <-delivered:
		t.Errorf("the attempt that hangs has ended: %v", err)
	default:
	}
	cancel()
	<-delivered
	tw.mailer.entered = nil
	kinds := map[paas.MailKind]int{}
	for _, mail := range tw.post() {
		kinds[mail.Kind]++
	}
	if kinds[paas.MailConfirm] != 2 || kinds[paas.MailReset] != 1 || len(kinds) != 2 {
		t.Errorf("delivered afterwards: %v", kinds)
	}
}
