package mail_test

import (
	"crypto/sha1"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/mail"
	"github.com/paastech-cloud/paastech/paas"
)

const secretPassword = "correct horse % battery"

// links is the end of the link of each kind of mail; none for "".
var links = map[paas.MailKind]string{
	paas.MailConfirm: "/email-verification/0b8f-token", paas.MailAddress: "/email-verification/0b8f-token",
	paas.MailReset: "/password-reset/0b8f-token", paas.MailInvite: "/register?invite=0b8f-token",
	paas.MailRegistered: "/password-recovery", paas.MailPassword: "/password-recovery", paas.MailAddressChanged: "", paas.MailCertificate: "", paas.MailBackup: "",
}

func newMailer(t *testing.T, options mail.Options) *mail.Mailer {
	t.Helper()
	mailer, err := mail.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return mailer
}

func someMail(kind paas.MailKind) paas.Mail {
	m := paas.Mail{
		ID: "6f1c1b7e-9b0a-4c55-9d0c-2a7f0d6c9e11", Kind: kind, To: "ada@example.com", Username: "ada",
		CreatedAt: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC),
	}
	switch kind {
	case paas.MailConfirm, paas.MailReset, paas.MailAddress, paas.MailInvite:
		m.Token, m.Until = "0b8f-token", time.Now().Add(time.Hour)
	}
	switch kind {
	case paas.MailInvite:
		m.Username, m.Detail = "", "grace"
	case paas.MailAddressChanged:
		m.Detail = "ada@lovelace.example"
	case paas.MailBackup:
		m.Detail = "The newest backup is from 2026-02-27T03:00:00Z, and one was due 2026-02-28T03:00:00Z."
	case paas.MailCertificate:
		m.Detail = "The certificate of shop.example.com ends on 2026-03-12."
	}
	return m
}

// TestEveryWayToTheServer sends through a real mail server over every kind of connection.
func TestEveryWayToTheServer(t *testing.T) {
	passwords := filepath.Join(t.TempDir(), "passwords")
	sum := sha1.Sum([]byte(secretPassword)) // a form of Apache's password files
	if err := os.WriteFile(passwords, []byte("sender:{SHA}"+base64.StdEncoding.EncodeToString(sum[:])+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate := []string{"--smtp-tls-cert", made.certificate, "--smtp-tls-key", made.key}
	auth := []string{"--smtp-auth-file", passwords}
	for _, way := range []struct {
		name       string
		flags      [][]string
		encryption mail.Encryption
		login      bool
	}{
		{"in clear", nil, mail.None, false},
		{"in clear on the host with a password", [][]string{auth, {"--smtp-auth-allow-insecure"}}, mail.None, true},
		{"STARTTLS", [][]string{certificate, {"--smtp-require-starttls"}}, mail.STARTTLS, false},
		{"STARTTLS with a password", [][]string{certificate, {"--smtp-require-starttls"}, auth}, mail.STARTTLS, true},
		{"TLS", [][]string{certificate, {"--smtp-require-tls"}}, mail.TLS, false},
		{"TLS with a password", [][]string{certificate, {"--smtp-require-tls"}, auth}, mail.TLS, true},
	} {
		t.Run(way.name, func(t *testing.T) {
			var flags []string
			for _, some := range way.flags {
				flags = append(flags, some...)
			}
			server := startMailpit(t, flags...)
			options := server.options()
			options.Encryption = way.encryption
			if way.login {
				options.Username, options.Password = "sender", secretPassword
			}
			if err := newMailer(t, options).Send(t.Context(), someMail(paas.MailConfirm)); err != nil {
				t.Fatal(err)
			}
			server.only()
			if way.login {
				options.Password = "wrong " + secretPassword
				wantTemporary(t, newMailer(t, options).Send(t.Context(), someMail(paas.MailConfirm)), "535")
			}
		})
	}
}

// TestSTARTTLSIsMandatory: a server that does not offer it, or somebody between who hides the offer, gets nothing.
func TestSTARTTLSIsMandatory(t *testing.T) {
	server := startMailpit(t)
	options := server.options()
	options.Encryption = mail.STARTTLS
	wantTemporary(t, newMailer(t, options).Send(t.Context(), someMail(paas.MailReset)), "STARTTLS")
	if n := len(server.inbox()); n != 0 {
		t.Errorf("%d mails went in clear", n)
	}
}

// TestCertificateIsChecked: the certificate is for 127.0.0.1, not for localhost.
func TestCertificateIsChecked(t *testing.T) {
	for encryption, flag := range map[mail.Encryption]string{mail.STARTTLS: "--smtp-require-starttls", mail.TLS: "--smtp-require-tls"} {
		server := startMailpit(t, "--smtp-tls-cert", made.certificate, "--smtp-tls-key", made.key, flag)
		options := server.options()
		options.Encryption, options.Host = encryption, "localhost"
		wantTemporary(t, newMailer(t, options).Send(t.Context(), someMail(paas.MailReset)), "certificate")
		if n := len(server.inbox()); n != 0 {
			t.Errorf("%s: %d mails went to a stranger", encryption, n)
		}
	}
}

// TestEveryKindArrives looks at each kind of mail as its receiver's server has it.
func TestEveryKindArrives(t *testing.T) {
	server := startMailpit(t, "--smtp-strict-rfc-headers")
	options := server.options()
	options.LinkBase, options.Platform = "https://site.example.com/#/", "https://paas.example.com"
	mailer := newMailer(t, options)
	for kind, link := range links {
		sent := someMail(kind)
		if err := mailer.Send(t.Context(), sent); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		rendered, err := mailer.Render(sent)
		if err != nil {
			t.Fatal(err)
		}
		got, headers := server.only()
		if got.Subject != rendered.Subject || unix(got.Text) != rendered.Text || strings.TrimSpace(unix(got.HTML)) != strings.TrimSpace(rendered.HTML) {
			t.Errorf("%s: what arrived is not what Render shows: %+v", kind, got)
		}
		if got.From.String() != `"PaaSTech" <no-reply@paas.example.com>` || len(got.To) != 1 || got.To[0].Address != sent.To {
			t.Errorf("%s went from %v to %v", kind, got.From, got.To)
		}
		if link != "" && (!strings.Contains(unix(got.Text), "https://site.example.com/#"+link+"\n") || !strings.Contains(got.HTML, `"https://site.example.com/#`+link+`"`)) {
			t.Errorf("%s: a part lacks the link %s:\n%s\n%s", kind, link, got.Text, got.HTML)
		}
		checkHeaders(t, kind, headers)
	}
}

func checkHeaders(t *testing.T, kind paas.MailKind, headers map[string][]string) {
	t.Helper()
	for name, want := range map[string]string{
		"Message-Id":     "<6f1c1b7e-9b0a-4c55-9d0c-2a7f0d6c9e11@paas.example.com>",
		"Date":           "Mon, 02 Mar 2026 09:30:00 +0000",
		"Auto-Submitted": "auto-generated",
		"To":             "<ada@example.com>",
	} {
		if got := headers[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: header %s is %q, not %q", kind, name, got, want)
		}
	}
	for name, values := range headers {
		said := strings.Join(values, " ")
		if strings.Contains(said, "0b8f-token") || name == "Subject" && strings.Contains(said, "ada") || name == "User-Agent" || name == "X-Mailer" {
			t.Errorf("%s: header %s says %q", kind, name, said)
		}
	}
}

// TestAddressBeyondASCII: a mail server that knows SMTPUTF8 is asked for it when it is needed.
func TestAddressBeyondASCII(t *testing.T) {
	server := startMailpit(t)
	sent := someMail(paas.MailConfirm)
	sent.To, sent.Username = "zoë@example.com", "Zoë 🦆"
	if err := newMailer(t, server.options()).Send(t.Context(), sent); err != nil {
		t.Fatal(err)
	}
	if got, _ := server.only(); got.To[0].Address != sent.To || !strings.Contains(got.Text, "Hello Zoë 🦆,") || !strings.Contains(got.HTML, "Hello Zoë 🦆,") {
		t.Errorf("arrived: %+v", got)
	}
}

func unix(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
