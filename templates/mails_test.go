package templates_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
)

var (
	head = regexp.MustCompile(`(?s)^.*</h1>`)
	tag  = regexp.MustCompile(`<[^>]*>`)
)

// TestMailParts: the two parts of a mail say the same, lines of text are short, and the HTML loads nothing.
func TestMailParts(t *testing.T) {
	mails, err := templates.LoadMails()
	if err != nil {
		t.Fatal(err)
	}
	link := "https://paas.example.com/password-reset/" + strings.Repeat("0123456789", 10)
	for _, kind := range []paas.MailKind{
		paas.MailConfirm, paas.MailRegistered, paas.MailReset, paas.MailAddress, paas.MailAddressChanged, paas.MailPassword, paas.MailInvite, paas.MailCertificate, paas.MailBackup,
	} {
		message, err := mails.Render(templates.Mail{
			Kind: kind, Username: "ada-lovelace-of-the-analytical-engine-40", Detail: "grace", Link: link, Until: time.Now(), Platform: "https://paas.example.com",
		})
		if err != nil {
			t.Fatal(err)
		}
		if message.Subject == "" || utf8.RuneCountInString(message.Subject) >= 60 || strings.Contains(message.Subject, "\n") {
			t.Errorf("%s: subject %q", kind, message.Subject)
		}
		for line := range strings.Lines(message.Text) {
			if utf8.RuneCountInString(line) > 77 && strings.TrimSpace(line) != link {
				t.Errorf("%s: a long line: %s", kind, line)
			}
		}
		shown := words(html.UnescapeString(tag.ReplaceAllString(head.ReplaceAllString(message.HTML, ""), " ")))
		for paragraph := range strings.SplitSeq(message.Text, "\n\n") {
			button, address, isLink := strings.Cut(paragraph, ":\n")
			if !isLink {
				button, address = strings.TrimPrefix(paragraph, "-- \n"), ""
			}
			if !strings.Contains(shown, words(button)) || !strings.Contains(shown, words(address)) {
				t.Errorf("%s: the HTML part does not say %q:\n%s", kind, paragraph, shown)
			}
		}
		if strings.Contains(message.HTML, "<img") || strings.Contains(message.HTML, "<link") || strings.Contains(message.HTML, "url(") {
			t.Errorf("%s: the HTML loads something", kind)
		}
	}
	if _, err := mails.Render(templates.Mail{Kind: paas.MailResetAsked}); err == nil {
		t.Error("a request for a mail was rendered as one")
	}
}

// words is s with one space between words, and none before a comma or full stop that followed a tag.
func words(s string) string {
	return strings.NewReplacer(" ,", ",", " .", ".").Replace(strings.Join(strings.Fields(s), " "))
}
