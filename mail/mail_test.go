package mail_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/mail"
	"github.com/paastech-cloud/paastech/paas"
)

var update = flag.Bool("update", false, "write what mails look like to testdata")

// TestOptions: a mistake is named by its configuration key.
func TestOptions(t *testing.T) {
	good := mail.Options{Host: "smtp.example.com", From: "PaaSTech <no-reply@example.com>", LinkBase: "https://example.com/#/"}
	for _, c := range []struct {
		key    string // that the error names; empty for none
		change func(*mail.Options)
	}{
		{"", func(o *mail.Options) {}},
		{"", func(o *mail.Options) { o.Host, o.From = "", "" }},
		{"", func(o *mail.Options) { o.Host = "2001:db8::25" }},
		{"", func(o *mail.Options) { o.Username, o.Password = "a", "b" }},
		{"", func(o *mail.Options) { o.Host, o.Username, o.Password, o.Encryption = "127.0.0.2", "a", "b", mail.None }},
		{"", func(o *mail.Options) { o.Host, o.Username, o.Password, o.Encryption = "localhost", "a", "b", mail.None }},
		{"", func(o *mail.Options) { o.LinkBase = "http://localhost:8080" }},
		{"mail.smtp.encryption", func(o *mail.Options) { o.Username, o.Password, o.Encryption = "a", "b", mail.None }},
		{"mail.smtp.encryption", func(o *mail.Options) { o.Encryption = "ssl" }},
		{"mail.smtp.port", func(o *mail.Options) { o.Port = 70000 }},
		{"mail.smtp.host", func(o *mail.Options) { o.Host = "smtp.example.com:587" }},
		{"mail.smtp.host", func(o *mail.Options) { o.Host = "unix:///run/mail" }},
		{"mail.smtp.host", func(o *mail.Options) { o.Host, o.Username, o.Password = "", "a", "b" }},
		{"mail.smtp.username", func(o *mail.Options) { o.Password = secretPassword }},
		{"mail.smtp.password", func(o *mail.Options) { o.Username = "a" }},
		{"mail.from", func(o *mail.Options) { o.From = "" }},
		{"mail.from", func(o *mail.Options) { o.From = "nobody" }},
		{"mail.from", func(o *mail.Options) { o.From = "a@example.com\r\nBcc: b@example.com" }},
		{"mail.from", func(o *mail.Options) { o.Host, o.From = "", "nobody" }},
		{"mail.linkBase", func(o *mail.Options) { o.LinkBase = "" }},
		{"mail.linkBase", func(o *mail.Options) { o.LinkBase = "example.com" }},
		{"mail.linkBase", func(o *mail.Options) { o.LinkBase = "javascript:alert(1)" }},
		{"mail.linkBase", func(o *mail.Options) { o.LinkBase = "https:///path" }},
		{"mail.linkBase", func(o *mail.Options) { o.LinkBase = "https://example.com/?page=" }},
	} {
		options := good
		c.change(&options)
		mailer, err := mail.New(options)
		switch {
		case c.key == "" && err != nil:
			t.Errorf("%+v: %v", options, err)
		case c.key == "" && mailer.Catches() != (options.Host == ""):
			t.Errorf("%+v: Catches is %v", options, mailer.Catches())
		case c.key != "" && (err == nil || !strings.HasPrefix(err.Error(), c.key+": ")):
			t.Errorf("%+v: the error %v does not name %s", options, err, c.key)
		}
		wantNoPassword(t, err)
	}
}

// TestCatching: without a mail server mails are rendered, and nothing is sent.
func TestCatching(t *testing.T) {
	mailer := newMailer(t, mail.Options{LinkBase: "http://localhost:8080"})
	message, err := mailer.Render(someMail(paas.MailConfirm))
	if err != nil || !strings.Contains(message.Text, "http://localhost:8080/email-verification/0b8f-token\n") {
		t.Errorf("rendered %q, %v", message.Text, err)
	}
	if err := mailer.Send(t.Context(), someMail(paas.MailConfirm)); err == nil || !mailer.Catches() {
		t.Error("a mail was sent nowhere")
	}
}

// TestGolden: what mails say is changed on purpose only (go test ./mail -update).
func TestGolden(t *testing.T) {
	mailer := newMailer(t, mail.Options{LinkBase: "https://paas.example.com"})
	for kind := range links {
		rendered := someMail(kind)
		if !rendered.Until.IsZero() {
			rendered.Until = time.Date(2026, 3, 3, 15, 5, 0, 0, time.FixedZone("CET", 3600))
		}
		message, err := mailer.Render(rendered)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("Subject: %s\n\n%s\n%s", message.Subject, message.Text, message.HTML)
		file := filepath.Join("testdata", string(kind)+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not as in %s:\n%s", kind, file, got)
		}
	}
}

// TestTypedTextStaysText: whatever a user typed, it is shown as typed, in its place, and nowhere else.
func TestTypedTextStaysText(t *testing.T) {
	server := startMailpit(t, "--smtp-strict-rfc-headers")
	mailer := newMailer(t, server.options())
	for typed, shown := range map[string]string{
		"ada\r\nBcc: eve@example.com":                     "ada Bcc: eve@example.com",
		"ada\n\nYour account is locked.\n.\nMAIL FROM:<>": "ada Your account is locked. . MAIL FROM:<>",
		`<script>alert(1)</script>`:                       `<script>alert(1)</script>`,
		`"><img src=x onerror='a'>`:                       `"><img src=x onerror='a'>`,
		`{{.Link}} ${x} %s &amp; =3D`:                     `{{.Link}} ${x} %s &amp; =3D`,
		"Łukasz 🦆 李":                                      "Łukasz 🦆 李",
		"\u202egro.live\u2028x\x00y":                      "gro.live x y",
	} {
		for kind := range links {
			sent := someMail(kind)
			sent.Username, sent.Detail = typed, typed
			if err := mailer.Send(t.Context(), sent); err != nil {
				t.Fatal(err)
			}
			got, headers := server.only()
			checkHeaders(t, kind, headers)
			if len(headers["Bcc"]) != 0 || strings.Contains(strings.ToLower(got.HTML), "<script") || strings.Contains(got.HTML, "<img") {
				t.Errorf("%s: %q broke out:\n%v\n%s", kind, typed, headers, got.HTML)
			}
			if !strings.Contains(strings.Join(strings.Fields(got.Text), " "), "Hello "+shown+",") {
				t.Errorf("%s: %q is not shown as %q:\n%s", kind, typed, shown, got.Text)
			}
		}
	}
}
