package paas_test

import (
	"context"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

var home = netip.MustParseAddr("192.0.2.1")

// fakeMailer keeps what it was given to send, or fails as told.
type fakeMailer struct {
	mu       sync.Mutex
	sent     []paas.Mail
	attempts int
	fails    error
	entered  chan struct{} // not nil: a mail server that does not answer; gets a value at each attempt
}

func (m *fakeMailer) Send(ctx context.Context, mail paas.Mail) error {
	m.mu.Lock()
	m.attempts++
	fails, entered := m.fails, m.entered
	if fails == nil && entered == nil {
		m.sent = append(m.sent, mail)
	}
	m.mu.Unlock()
	if entered != nil {
		entered <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	return fails
}

func (m *fakeMailer) Render(mail paas.Mail) (paas.Message, error) {
	return paas.Message{Subject: string(mail.Kind), Text: mail.Token.Reveal()}, nil
}

func (m *fakeMailer) Catches() bool { return false }

// town is a platform over a real store that nothing runs by itself and whose time a test tells.
type town struct {
	*world
	dir    string
	mailer *fakeMailer
	now    time.Time
}

func newTown(t *testing.T, change func(*paas.Options)) *town {
	t.Helper()
	w := newWorld(t)
	w.halt()
	options := w.Options
	mailer := &fakeMailer{}
	options.Engine, options.Mailer = w.engine, mailer
	options.Accounts = paas.Accounts{Registration: paas.RegistrationOpen}
	if change != nil {
		change(&options)
	}
	platform, err := paas.New(options)
	if err != nil {
		t.Fatal(err)
	}
	tw := &town{world: w, dir: options.DataDir, mailer: mailer, now: time.Now().UTC().Truncate(time.Millisecond)}
	platform.SetClock(func() time.Time { return tw.now })
	w.Platform = platform
	return tw
}

func (tw *town) must(err error) {
	tw.t.Helper()
	if err != nil {
		tw.t.Fatal(err)
	}
}

func (tw *town) wantCode(code paas.Code, err error) {
	tw.t.Helper()
	if !paas.IsCode(err, code) {
		tw.t.Errorf("not %s: %v", code, err)
	}
}

// post delivers what waits and returns it.
func (tw *town) post() []paas.Mail {
	tw.t.Helper()
	tw.must(tw.Deliver(tw.t.Context()))
	tw.mailer.mu.Lock()
	defer tw.mailer.mu.Unlock()
	sent := tw.mailer.sent
	tw.mailer.sent = nil
	return sent
}

// letter delivers what waits, which must be one mail of this kind to this address.
func (tw *town) letter(kind paas.MailKind, to string) paas.Mail {
	tw.t.Helper()
	sent := tw.post()
	if len(sent) != 1 || sent[0].Kind != kind || sent[0].To != to {
		tw.t.Fatalf("sent %v, not one %s to %s", sent, kind, to)
	}
	return sent[0]
}

func (tw *town) register(name string) (paas.User, error) {
	return tw.Register(tw.t.Context(), paas.Registrant{
		NewUser: paas.NewUser{Username: name, Email: name + "@example.com", Password: "a fine day"}, From: home,
	})
}

func (tw *town) login(email, password string) error {
	_, _, err := tw.Login(tw.t.Context(), paas.LoginAttempt{Email: email, Password: paas.Secret(password), From: home})
	return err
}

func TestAccountLife(t *testing.T) {
	tw := newTown(t, nil)
	ctx := t.Context()
	_, err := tw.register("grace")
	tw.must(err)
	tw.wantCode(paas.EBadLogin, tw.login("grace@example.com", "a fine day")) // not confirmed yet
	confirm := tw.letter(paas.MailConfirm, "grace@example.com")
	_, err = tw.Confirm(ctx, "00000000-0000-4000-8000-000000000000")
	tw.wantCode(paas.EBadLink, err)
	user, err := tw.Confirm(ctx, confirm.Token)
	tw.must(err)
	if !user.Verified {
		t.Error("not verified")
	}
	_, err = tw.Confirm(ctx, confirm.Token)
	tw.wantCode(paas.EBadLink, err)
	tw.must(tw.login("grace@example.com", "a fine day"))

	tw.must(tw.AskReset(ctx, "Grace@Example.com", home))
	reset := tw.letter(paas.MailReset, "grace@example.com")
	tw.must(tw.Reset(ctx, reset.Token, "a finer day"))
	tw.letter(paas.MailPassword, "grace@example.com")
	tw.wantCode(paas.EBadLogin, tw.login("grace@example.com", "a fine day"))
	tw.must(tw.login("grace@example.com", "a finer day"))

	user, err = tw.UserByName(ctx, "GRACE")
	tw.must(err)
	address := "hopper@example.com"
	_, err = tw.ChangeProfile(ctx, user, paas.ProfileChange{Email: &address, Password: "wrong", From: home})
	tw.wantCode(paas.EBadLogin, err)
	_, err = tw.ChangeProfile(ctx, user, paas.ProfileChange{Email: &address, Password: "a finer day", From: home})
	tw.must(err)
	tw.must(tw.login("grace@example.com", "a finer day")) // the old address until the new one is confirmed
	move := tw.letter(paas.MailAddress, address)
	_, err = tw.Confirm(ctx, move.Token)
	tw.must(err)
	if notice := tw.letter(paas.MailAddressChanged, "grace@example.com"); notice.Detail != address {
		t.Errorf("the old address is told of %q", notice.Detail)
	}
	tw.must(tw.login(address, "a finer day"))
	tw.wantCode(paas.EBadLogin, tw.login("grace@example.com", "a finer day"))

	user, err = tw.UserByName(ctx, "grace")
	tw.must(err)
	tw.wantCode(paas.EBadLogin, tw.DeleteOwnAccount(ctx, user, "wrong", home))
	tw.must(tw.DeleteOwnAccount(ctx, user, "a finer day", home))
	tw.wantCode(paas.EBadLogin, tw.login(address, "a finer day"))
	if _, err = tw.UserByName(ctx, "grace"); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("after its deletion: %v", err)
	}
	if sent := tw.post(); len(sent) != 0 {
		t.Errorf("mails nobody expects: %v", sent)
	}
}

// TestResetLinks is trial T38.
func TestResetLinks(t *testing.T) {
	tw := newTown(t, nil)
	ctx := t.Context()
	ask := func() paas.Secret {
		tw.must(tw.AskReset(ctx, "ada@example.com", home))
		return tw.letter(paas.MailReset, "ada@example.com").Token
	}
	first, second := ask(), ask()
	bits, err := hex.DecodeString(strings.ReplaceAll(second.Reveal(), "-", ""))
	if err != nil || len(bits)*8 != 128 || first == second {
		t.Errorf("%d bits, %v", len(bits)*8, err)
	}
	tw.neverKept(second.Reveal())
	_, err = tw.register("grace")
	tw.must(err)
	foreign := tw.letter(paas.MailConfirm, "grace@example.com").Token
	for name, token := range map[string]paas.Secret{
		"replaced": first, "foreign": foreign, "empty": "", "made up": "00000000-0000-4000-8000-000000000000",
		"its hash": paas.Secret(paas.HashToken(second)),
	} {
		if err := tw.Reset(ctx, token, "another password"); !paas.IsCode(err, paas.EBadLink) || !paas.IsKind(err, paas.Invalid) {
			t.Errorf("a link that is %s: %v", name, err)
		}
	}
	_, err = tw.Confirm(ctx, second)
	tw.wantCode(paas.EBadLink, err) // it confirms nothing
	tw.wantCode(paas.EInvalid, tw.Reset(ctx, second, "short"))
	tw.must(tw.Reset(ctx, second, "another password"))
	tw.letter(paas.MailPassword, "ada@example.com")
	tw.wantCode(paas.EBadLink, tw.Reset(ctx, second, "one more password"))

	third := ask()
	tw.now = tw.now.Add(paas.ResetLifetime)
	tw.wantCode(paas.EBadLink, tw.Reset(ctx, third, "one more password"))
	fourth := ask()
	tw.now = tw.now.Add(paas.ResetLifetime - time.Second)
	tw.must(tw.Reset(ctx, fourth, "one more password"))
	tw.must(tw.login("ada@example.com", "one more password"))
}

// neverKept looks for a secret in every file of the data directory.
func (tw *town) neverKept(secret string) {
	tw.t.Helper()
	tw.must(filepath.WalkDir(tw.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), secret) {
			tw.t.Errorf("%s has the secret of a link", path)
		}
		return err
	}))
}

func TestAddressesThatAreTakenShowInMailAlone(t *testing.T) {
	tw := newTown(t, nil)
	registered, err := tw.Register(t.Context(), paas.Registrant{
		NewUser: paas.NewUser{Username: "grace", Email: "Ada@example.com", Password: "a fine day"}, From: home,
	})
	tw.must(err)
	if registered.Verified {
		t.Error("the address of another account counts as verified")
	}
	if mail := tw.letter(paas.MailRegistered, "Ada@example.com"); mail.Token != "" {
		t.Error("the mail to the owner carries a link for the account that somebody else made")
	}
	tw.must(tw.AskConfirmation(t.Context(), "ada@example.com", home))
	tw.must(tw.AskReset(t.Context(), "nobody@example.com", home))
	if sent := tw.post(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
	if kept, err := tw.Mails(t.Context()); err != nil || len(kept) != 0 {
		t.Errorf("requests that ended are kept: %v, %v", kept, err)
	}
	_, err = tw.register("ada")
	tw.wantCode(paas.ETaken, err)
}

func TestRegistrationModes(t *testing.T) {
	closed := newTown(t, func(o *paas.Options) { o.Accounts.Registration = paas.RegistrationClosed })
	_, err := closed.register("grace")
	closed.wantCode(paas.EClosed, err)

	tw := newTown(t, func(o *paas.Options) { o.Accounts.Registration = paas.RegistrationInvite })
	_, err = tw.register("grace")
	tw.wantCode(paas.EClosed, err) // nobody is there yet who could invite
	_, err = tw.SetAdmin(t.Context(), "ada", true)
	tw.must(err)
	_, err = tw.register("grace")
	tw.wantCode(paas.EInvite, err)
	invited := func(name string, invite paas.Secret) (paas.User, error) {
		return tw.Register(t.Context(), paas.Registrant{
			NewUser: paas.NewUser{Username: name, Email: name + "@example.com", Password: "a fine day"}, Invite: invite, From: home,
		})
	}
	_, _, err = tw.Invite(t.Context(), tw.ada, paas.NewInvite{Email: "grace@example.com"})
	tw.must(err)
	mailed := tw.letter(paas.MailInvite, "grace@example.com").Token
	_, err = invited("eve", mailed)
	tw.wantCode(paas.EInvalid, err) // it is grace's
	grace, err := invited("grace", mailed)
	tw.must(err)
	if !grace.Verified {
		t.Error("the link came to the address, which proves it")
	}
	_, err = invited("grace", mailed)
	tw.wantCode(paas.EInvite, err)
	_, open, err := tw.Invite(t.Context(), tw.ada, paas.NewInvite{})
	tw.must(err)
	tw.now = tw.now.Add(paas.InviteLifetime)
	_, err = invited("eve", open)
	tw.wantCode(paas.EInvite, err)
}

func TestAnAdministratorIsSetUpByLinkOnce(t *testing.T) {
	for _, mode := range []paas.Registration{paas.RegistrationInvite, paas.RegistrationClosed, paas.RegistrationOpen} {
		tw := newTown(t, func(o *paas.Options) { o.Accounts.Registration = mode })
		_, link, err := tw.Invite(t.Context(), paas.User{Username: "root"}, paas.NewInvite{Admin: true})
		tw.must(err)
		register := func(name string) (paas.User, error) {
			return tw.Register(t.Context(), paas.Registrant{
				NewUser: paas.NewUser{Username: name, Email: name + "@example.com", Password: "a fine day"}, Invite: link, From: home,
			})
		}
		grace, err := register("grace")
		tw.must(err)
		if !grace.IsAdmin || !grace.Verified {
			t.Errorf("%s: set up %+v", mode, grace)
		}
		_, err = register("eve")
		tw.wantCode(map[paas.Registration]paas.Code{
			paas.RegistrationInvite: paas.EInvite, paas.RegistrationOpen: paas.EInvite, paas.RegistrationClosed: paas.EClosed,
		}[mode], err)
	}
}

func TestUnverifiedAccountsGo(t *testing.T) {
	tw := newTown(t, func(o *paas.Options) { o.Accounts.UnverifiedTTL = 24 * time.Hour })
	ctx := t.Context()
	_, err := tw.register("grace")
	tw.must(err)
	link := tw.letter(paas.MailConfirm, "grace@example.com").Token
	tw.now = tw.now.Add(24*time.Hour - time.Second)
	tw.Clean(ctx)
	_, err = tw.UserByName(ctx, "grace")
	tw.must(err)
	tw.now = tw.now.Add(2 * time.Second)
	_, err = tw.Confirm(ctx, link)
	tw.wantCode(paas.EBadLink, err)
	tw.Clean(ctx)
	if _, err = tw.UserByName(ctx, "grace"); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("still there: %v", err)
	}
	if _, err = tw.UserByName(ctx, "ada"); err != nil {
		t.Errorf("who is verified went, too: %v", err)
	}
	_, err = tw.register("grace")
	tw.must(err)
}
