package ui_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// mailed waits for a mail of this kind and returns the secret of its link; the mail is taken out.
func (v *visitor) mailed(kind paas.MailKind) string {
	v.t.Helper()
	mail := v.caught(kind)
	if err := v.store.DeleteMail(v.t.Context(), mail.ID); err != nil {
		v.t.Fatal(err)
	}
	return mail.Token.Reveal()
}

func (v *visitor) caught(kind paas.MailKind) paas.Mail {
	v.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		mails, err := v.store.Mails(v.t.Context(), 100)
		if err != nil {
			v.t.Fatal(err)
		}
		for _, mail := range mails {
			if mail.Kind == kind && mail.State == paas.MailCaught {
				return mail
			}
		}
	}
	v.t.Fatalf("no mail of kind %s came", kind)
	return paas.Mail{}
}

func TestAccountLifeInPages(t *testing.T) {
	v := newVisitor(t)
	_, _, page := v.visit("/login")
	v.holds(page, `href="/register"`, `href="/password-recovery"`)
	_, _, page = v.visit("/register")
	v.holds(page, `action="/register"`, `name="username"`, `autocomplete="new-password"`)

	wanted := url.Values{"username": {"ad"}, "email": {"grace@example.com"}, "password": {"a fine day"}}
	_, status, page := v.send("/register", wanted)
	if status != http.StatusBadRequest || strings.Contains(page, "a fine day") {
		t.Errorf("a bad username: %d\n%s", status, page)
	}
	v.holds(page, `aria-invalid="true"`, `id="username-wrong"`, `value="ad"`, `value="grace@example.com"`)
	wanted.Set("username", "grace")
	_, status, page = v.send("/register", wanted)
	if status != http.StatusCreated {
		t.Errorf("registered with %d", status)
	}
	v.holds(page, "Look into your mailbox", "grace@example.com", `href="/confirm/resend"`)

	first := v.mailed(paas.MailConfirm)
	_, _, page = v.send("/confirm/resend", url.Values{"email": {"grace@example.com"}})
	v.holds(page, "Look into your mailbox")
	newest := v.mailed(paas.MailConfirm)
	if _, status, page = v.send("/email-verification/"+first, nil); status != http.StatusBadRequest {
		t.Errorf("a replaced link: %d", status)
	}
	v.holds(page, `href="/confirm/resend"`)
	for range 2 { // as programs that look through mails do
		_, _, page = v.visit("/email-verification/" + newest)
		v.holds(page, `action="/email-verification/`+newest+`"`)
	}
	if _, status, page = v.send("/email-verification/"+newest, nil); status != http.StatusOK {
		t.Errorf("confirmed with %d", status)
	}
	v.holds(page, "grace@example.com is the address of grace")
	v.resets()
}

// resets is what a user who forgot the password does.
func (v *visitor) resets() {
	v.t.Helper()
	_, _, page := v.send("/password-recovery", url.Values{"email": {"grace@example.com"}})
	_, _, stranger := v.send("/password-recovery", url.Values{"email": {"nobody@example.com"}})
	if strings.ReplaceAll(page, "grace@", "nobody@") != stranger {
		v.t.Errorf("the page tells who has an account:\n%s\n%s", page, stranger)
	}
	link := "/password-reset/" + v.mailed(paas.MailReset)
	_, _, page = v.visit(link)
	v.holds(page, `action="`+link+`"`, `name="passwordVerification"`)
	if _, status, page := v.send(link, url.Values{"password": {"a new password"}, "passwordVerification": {"another"}}); status != http.StatusBadRequest || !strings.Contains(page, "not the same") {
		v.t.Errorf("unlike passwords: %d", status)
	}
	changed := url.Values{"password": {"a new password"}, "passwordVerification": {"a new password"}}
	if _, status, _ := v.send(link, changed); status != http.StatusOK {
		v.t.Errorf("reset with %d", status)
	}
	if path, _, _ := v.visit("/dashboard"); !strings.HasPrefix(path, "/login") {
		v.t.Errorf("a reset logs in: %s", path)
	}
	if _, status, page := v.send(link, changed); status != http.StatusBadRequest || strings.Contains(page, "<form") || !strings.Contains(page, `href="/password-recovery"`) {
		v.t.Errorf("a used link: %d", status)
	}
	if path, _, _ := v.send("/login", url.Values{"email": {"grace@example.com"}, "password": {"a new password"}}); path != "/dashboard" {
		v.t.Errorf("with the new password one comes to %s", path)
	}
}

func TestRegistrationThatIsClosed(t *testing.T) {
	v := newVisitor(t, func(o *paas.Options) { o.Accounts = paas.Accounts{Registration: paas.RegistrationClosed} })
	_, _, page := v.visit("/login")
	if strings.Contains(page, `href="/register"`) {
		t.Error("the log-in page leads to a closed door")
	}
	_, _, page = v.visit("/register")
	v.holds(page, "Registration is closed")
	if _, status, _ := v.send("/register", url.Values{"username": {"grace"}, "email": {"grace@example.com"}, "password": {"a fine day"}}); status != http.StatusForbidden {
		t.Errorf("registered with %d", status)
	}
}

func TestRegistrationByInvitation(t *testing.T) {
	v := newVisitor(t, func(o *paas.Options) { o.Accounts = paas.Accounts{} })
	if _, err := v.platform.SetAdmin(t.Context(), "ada", true); err != nil {
		t.Fatal(err)
	}
	_, _, page := v.visit("/register")
	v.holds(page, `id="invite"`)
	_, invite, err := v.platform.Invite(t.Context(), v.ada, paas.NewInvite{Email: "grace@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	_, _, page = v.visit("/register?invite=" + invite.Reveal())
	v.holds(page, `type="hidden" name="invite" value="`+invite.Reveal()+`"`)
	wanted := url.Values{"username": {"grace"}, "email": {"grace@example.com"}, "password": {"a fine day"}, "invite": {"wrong"}}
	_, status, page := v.send("/register", wanted)
	if status != http.StatusForbidden {
		t.Errorf("a wrong invitation: %d", status)
	}
	v.holds(page, `id="invite"`, `role="alert"`)
	wanted.Set("invite", invite.Reveal())
	_, status, page = v.send("/register", wanted)
	if status != http.StatusCreated {
		t.Errorf("an invited person: %d", status)
	}
	v.holds(page, "Your account is ready") // the invitation went to the address, which proves it
}

var puzzle = regexp.MustCompile(`data-puzzle="([^"]*)" data-bits="8"`)

func TestRegistrationAsksForWork(t *testing.T) {
	v := newVisitor(t, func(o *paas.Options) { o.Accounts.Challenge = paas.NewProofOfWork(8) })
	response, err := v.Get(v.base + "/register")
	if err != nil {
		t.Fatal(err)
	}
	policy := response.Header.Get("Content-Security-Policy")
	_, _, page := v.read(response, nil)
	if !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	wanted := url.Values{"username": {"grace"}, "email": {"grace@example.com"}, "password": {"a fine day"}}
	_, status, again := v.send("/register", wanted)
	if status != http.StatusBadRequest {
		t.Errorf("without work: %d", status)
	}
	v.holds(again, "Send it once more", `value="grace"`, "data-puzzle")
	posed := puzzle.FindStringSubmatch(page)
	if posed == nil {
		t.Fatalf("no puzzle:\n%s", page)
	}
	wanted.Set("challenge", paas.Puzzle{Text: posed[1], Bits: 8}.Solve())
	if _, status, page = v.send("/register", wanted); status != http.StatusCreated {
		t.Errorf("with work: %d\n%s", status, page)
	}
	if response, err = v.Get(v.base + "/"); err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if strings.Contains(response.Header.Get("Content-Security-Policy"), "script-src") {
		t.Error("other pages run scripts")
	}
}

func TestMailboxIsForAdministratorsWhoDevelop(t *testing.T) {
	v := newVisitor(t)
	v.login()
	if _, status, _ := v.visit("/dev/mailbox"); status != http.StatusForbidden {
		t.Errorf("a user sees the mailbox: %d", status)
	}
	if _, err := v.platform.SetAdmin(t.Context(), "ada", true); err != nil {
		t.Fatal(err)
	}
	_, _, page := v.visit("/dev/mailbox")
	v.holds(page, "No mail is kept")
	if err := v.platform.AskReset(t.Context(), "ada@example.com", netip.MustParseAddr("127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	id := string(v.caught(paas.MailReset).ID)
	_, _, page = v.visit("/dev/mailbox")
	v.holds(page, `href="/dev/mailbox/`+id+`"`, "ada@example.com", "caught")
	_, _, page = v.visit("/dev/mailbox/" + id)
	v.holds(page, `sandbox="`, `src="/dev/mailbox/`+id+`/html"`, "a text part")
	response, err := v.Get(v.base + "/dev/mailbox/" + id + "/html")
	if err != nil {
		t.Fatal(err)
	}
	if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script") {
		t.Errorf("policy %s", policy)
	}
	_, _, page = v.read(response, nil)
	v.holds(page, "<b>an HTML part</b>")
	if _, status, _ := v.visit("/dev/mailbox/00000000-0000-4000-8000-000000000000"); status != http.StatusNotFound {
		t.Errorf("a mail that is not there: %d", status)
	}

	plain := newVisitor(t, withoutDevelopment)
	plain.login()
	if _, err := plain.platform.SetAdmin(t.Context(), "ada", true); err != nil {
		t.Fatal(err)
	}
	if _, status, _ := plain.visit("/dev/mailbox"); status != http.StatusNotFound {
		t.Errorf("without server.development: %d", status)
	}
}
