package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/mail"
	"github.com/paastech-cloud/paastech/paas"
)

func wantTemporary(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || paas.IsKind(err, paas.Rejected) || !strings.Contains(err.Error(), says) {
		t.Errorf("error is %v, wanted a temporary one that says %q", err, says)
	}
	wantNoPassword(t, err)
}

func wantRejected(t *testing.T, err error, says string) {
	t.Helper()
	if !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, mail.ERejected) || !strings.Contains(err.Error(), says) {
		t.Errorf("error is %v, wanted Rejected that says %q", err, says)
	}
	wantNoPassword(t, err)
}

func wantNoPassword(t *testing.T, err error) {
	t.Helper()
	if err != nil && strings.Contains(fmt.Sprintf("%+v %#v", err, err), secretPassword) {
		t.Errorf("the error tells the password: %v", err)
	}
}

// TestMailServerRefuses has a real mail server refuse each step.
func TestMailServerRefuses(t *testing.T) {
	server := startMailpit(t, "--enable-chaos", "--smtp-auth-accept-any", "--smtp-auth-allow-insecure")
	options := server.options()
	options.Username, options.Password = "sender", secretPassword
	mailer := newMailer(t, options)
	for _, refusal := range []struct {
		stage, code string
		check       func(*testing.T, error, string)
	}{
		{"Recipient", "550", wantRejected},
		{"Recipient", "451", wantTemporary},
		{"Recipient", "530", wantTemporary}, // log in first: about us, not about the mail
		{"Sender", "451", wantTemporary},
		{"Sender", "550", wantTemporary},
		{"Authentication", "535", wantTemporary},
		{"Authentication", "454", wantTemporary},
	} {
		server.answer(refusal.stage, refusal.code)
		t.Logf("%s %s: %v", refusal.stage, refusal.code, mailer.Send(t.Context(), someMail(paas.MailReset)))
		refusal.check(t, mailer.Send(t.Context(), someMail(paas.MailReset)), refusal.code)
	}
	if n := len(server.inbox()); n != 0 {
		t.Errorf("%d refused mails arrived", n)
	}
	server.call("PUT", "/api/v1/chaos", strings.NewReader("{}"), &struct{}{})
	if err := mailer.Send(t.Context(), someMail(paas.MailReset)); err != nil {
		t.Errorf("after the refusals: %v", err)
	}
}

func TestMailServerAway(t *testing.T) {
	options := mail.Options{Host: "127.0.0.1", Port: freePort(t).Port, From: "a@example.com", LinkBase: "http://localhost"}
	wantTemporary(t, newMailer(t, options).Send(t.Context(), someMail(paas.MailReset)), "refused")
	options.Host = "mail.invalid"
	wantTemporary(t, newMailer(t, options).Send(t.Context(), someMail(paas.MailReset)), "mail.invalid")
}

// hang in place of a reply is a server that says nothing more.
const hang = "hang"

// scripted is a mail server on port that says what a real one would not: replies by verb, "" for the
// greeting and "." for the end of a mail; %s is what it was sent.
func scripted(t *testing.T, replies map[string]string) mail.Options {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			converse(connection, replies)
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return mail.Options{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Encryption: mail.None, Username: "sender", Password: secretPassword,
		From: "no-reply@paas.example.com", LinkBase: "https://paas.example.com", Timeout: 20 * time.Second,
	}
}

func converse(connection net.Conn, replies map[string]string) {
	defer connection.Close()
	usual := map[string]string{
		"": "220 here", "EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 welcome", "DATA": "354 go on", "QUIT": "221 bye",
	}
	lines := bufio.NewScanner(connection)
	verb, line, inMail := "", "", false
	for {
		reply, set := replies[verb]
		if !set {
			if reply = usual[verb]; reply == "" {
				reply = "250 fine"
			}
		}
		if reply == hang {
			_, _ = io.Copy(io.Discard, connection) // until the other side has gone
			return
		}
		if _, err := fmt.Fprint(connection, strings.ReplaceAll(reply, "%s", line), "\r\n"); err != nil {
			return
		}
		inMail = strings.HasPrefix(reply, "354")
		for more := true; more; more = inMail && line != "." {
			if !lines.Scan() {
				return
			}
			line = lines.Text()
		}
		verb, _, _ = strings.Cut(strings.ToUpper(line), " ")
	}
}

// TestMailServerMisbehaves: replies at every step, and what they are taken for.
func TestMailServerMisbehaves(t *testing.T) {
	delivered := func(t *testing.T, err error, _ string) {
		t.Helper()
		if err != nil {
			t.Errorf("the mail was taken, but: %v", err)
		}
	}
	for _, server := range []struct {
		name    string
		replies map[string]string
		says    string
		check   func(*testing.T, error, string)
	}{
		{"busy", map[string]string{"": "421 too busy"}, "421", wantTemporary},
		{"does not like us", map[string]string{"": "554 go away"}, "554", wantTemporary},
		{"no mail server", map[string]string{"": "HTTP/1.1 400 Bad Request"}, "HTTP/1.1", wantTemporary},
		{"gone after the greeting", map[string]string{"EHLO": "221 \r\n"}, "127.0.0.1", wantTemporary},
		{"no login offered", map[string]string{"EHLO": "250 here"}, "AUTH", wantTemporary},
		{"repeats the password", map[string]string{"AUTH": "535 you said %s"}, "you said AUTH PLAIN ••••", wantTemporary},
		{"repeats the password in clear", map[string]string{"AUTH": "535 wrong: " + secretPassword}, "wrong: ••••", wantTemporary},
		{"repeats it for this receiver", map[string]string{"RCPT": "550 " + secretPassword}, "••••", wantRejected},
		{"grey list", map[string]string{"RCPT": "450 come back later"}, "450", wantTemporary},
		{"no such receiver", map[string]string{"RCPT": "550 5.1.1 nobody here"}, "nobody here", wantRejected},
		{"full", map[string]string{"DATA": "452 disk full"}, "452", wantTemporary},
		{"no mails today", map[string]string{"DATA": "554 no"}, "554", wantRejected},
		{"later after all", map[string]string{".": "451 try again"}, "451", wantTemporary},
		{"spam", map[string]string{".": "554 looks like spam"}, "spam", wantRejected},
		{"unhappy after it took the mail", map[string]string{"RSET": "500 what?", "QUIT": "421 gone"}, "", delivered},
	} {
		t.Run(server.name, func(t *testing.T) {
			err := newMailer(t, scripted(t, server.replies)).Send(t.Context(), someMail(paas.MailReset))
			t.Log(err)
			server.check(t, err, server.says)
		})
	}
}

// TestMailServerHangs: at whatever step a server falls silent, Send ends.
func TestMailServerHangs(t *testing.T) {
	for _, verb := range []string{"", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."} {
		options := scripted(t, map[string]string{verb: hang})
		options.Timeout = 150 * time.Millisecond
		wantTemporary(t, newMailer(t, options).Send(t.Context(), someMail(paas.MailReset)), "took longer than 150ms")

		options = scripted(t, map[string]string{verb: hang})
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		err := newMailer(t, options).Send(ctx, someMail(paas.MailReset))
		cancel()
		wantTemporary(t, err, "deadline")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q: %v does not tell the caller's deadline", verb, err)
		}
	}
	options := scripted(t, map[string]string{"QUIT": hang})
	options.Timeout = 150 * time.Millisecond
	if err := newMailer(t, options).Send(t.Context(), someMail(paas.MailReset)); err != nil {
		t.Errorf("the mail was taken before the server fell silent, but: %v", err)
	}
	options = scripted(t, map[string]string{"": hang})
	options.Encryption, options.Timeout = mail.TLS, 150*time.Millisecond
	wantTemporary(t, newMailer(t, options).Send(t.Context(), someMail(paas.MailReset)), "took longer")
}

// TestNothingToTryAgain: what is wrong with a mail itself is said without asking the server.
func TestNothingToTryAgain(t *testing.T) {
	mailer := newMailer(t, mail.Options{Host: "127.0.0.1", Port: freePort(t).Port, From: "a@example.com", LinkBase: "http://localhost"})
	for says, change := range map[string]func(*paas.Mail){
		"receiver's address": func(m *paas.Mail) { m.To = "nobody" },
		"receiver":           func(m *paas.Mail) { m.To = "Ada <ada@example.com>" },
		"mail: ":             func(m *paas.Mail) { m.To = "ada@example.com\r\nBcc: eve@example.com" },
		"needs a token":      func(m *paas.Mail) { m.Token = "" },
		"no mail of kind":    func(m *paas.Mail) { m.Kind = paas.MailResetAsked },
		"worked until":       func(m *paas.Mail) { m.Until = time.Now().Add(-time.Minute) },
	} {
		broken := someMail(paas.MailReset)
		change(&broken)
		wantRejected(t, mailer.Send(t.Context(), broken), says)
	}
}
