package templates

import (
	"embed"
	"fmt"
	"html/template"
	"strings"
	text "text/template"
	"time"
	"unicode/utf8"

	"github.com/paastech-cloud/paastech/paas"
)

//go:embed mail/*.html mail/*.txt
var mailFiles embed.FS

// mailWidth is how many characters a line of a mail's text part has at the most.
const mailWidth = 76

// Mail is the data of a mail of any kind.
type Mail struct {
	Kind     paas.MailKind // names its two templates
	Username string        // whom it greets; may be empty
	Detail   string        // the new address, who invites, or what is wrong
	Link     string        // what its button opens; empty when it has none
	Until    time.Time     // when the link ends; zero when it does not
	Platform string        // the platform's own address
}

// everyMail is the kinds of mail that are sent.
var everyMail = []paas.MailKind{
	paas.MailConfirm, paas.MailRegistered, paas.MailReset, paas.MailAddress, paas.MailAddressChanged, paas.MailPassword, paas.MailInvite, paas.MailCertificate, paas.MailBackup,
}

// Mails is the templates of all mails, ready to use.
type Mails struct {
	html map[paas.MailKind]*template.Template
	text map[paas.MailKind]*text.Template
}

// LoadMails parses the templates of every kind of mail and tries them.
func LoadMails() (*Mails, error) {
	functions := map[string]any{"date": func(at time.Time) string { return at.UTC().Format("Monday, 2 January 2006, 15:04 UTC") }}
	mails := &Mails{map[paas.MailKind]*template.Template{}, map[paas.MailKind]*text.Template{}}
	for _, kind := range everyMail {
		var err error
		mails.html[kind], err = template.New("").Funcs(functions).ParseFS(mailFiles, "mail/layout.html", "mail/"+string(kind)+".html")
		if err != nil {
			return nil, fmt.Errorf("parse the HTML of mail %s: %w", kind, err)
		}
		mails.text[kind], err = text.New("").Funcs(functions).ParseFS(mailFiles, "mail/layout.txt", "mail/"+string(kind)+".txt")
		if err != nil {
			return nil, fmt.Errorf("parse the text of mail %s: %w", kind, err)
		}
		if _, err := mails.Render(Mail{Kind: kind, Link: "http://localhost", Until: time.Now()}); err != nil {
			return nil, err
		}
	}
	return mails, nil
}

// Render makes a mail's subject and both its parts.
func (m *Mails) Render(mail Mail) (paas.Message, error) {
	page, known := m.html[mail.Kind]
	if !known {
		return paas.Message{}, fmt.Errorf("there is no mail of kind %q", mail.Kind)
	}
	var html, plain, subject strings.Builder
	if err := page.ExecuteTemplate(&html, "mail", mail); err != nil {
		return paas.Message{}, fmt.Errorf("render the HTML of mail %s: %w", mail.Kind, err)
	}
	for name, out := range map[string]*strings.Builder{"mail": &plain, "subject": &subject} {
		if err := m.text[mail.Kind].ExecuteTemplate(out, name, mail); err != nil {
			return paas.Message{}, fmt.Errorf("render the %s of mail %s as text: %w", name, mail.Kind, err)
		}
	}
	return paas.Message{Subject: subject.String(), HTML: html.String(), Text: wrap(plain.String())}, nil
}

// wrap breaks long lines between words; a word that is longer, as a link, stays whole.
func wrap(body string) string {
	var out strings.Builder
	for line := range strings.Lines(body) {
		used := 0
		for i, word := range strings.Split(strings.TrimSuffix(line, "\n"), " ") {
			length := utf8.RuneCountInString(word)
			switch {
			case i == 0:
			case used+1+length > mailWidth:
				out.WriteByte('\n')
				used = 0
			default:
				out.WriteByte(' ')
				used++
			}
			out.WriteString(word)
			used += length
		}
		out.WriteByte('\n')
	}
	return out.String()
}
