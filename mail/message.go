package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
)

// Render makes what Send delivers.
func (m *Mailer) Render(mail paas.Mail) (paas.Message, error) {
	link, err := m.link(mail)
	if err != nil {
		return paas.Message{}, err
	}
	return m.mails.Render(templates.Mail{
		Kind: mail.Kind, Username: oneLine(mail.Username), Detail: oneLine(mail.Detail),
		Link: link, Until: mail.Until, Platform: m.options.Platform,
	})
}

// link is what the button of a mail opens; empty for a kind without one.
func (m *Mailer) link(mail paas.Mail) (string, error) {
	token := mail.Token.Reveal()
	path := ""
	switch mail.Kind {
	case paas.MailConfirm, paas.MailAddress:
		path = "/email-verification/" + url.PathEscape(token)
	case paas.MailReset:
		path = "/password-reset/" + url.PathEscape(token)
	case paas.MailInvite:
		path = "/register?invite=" + url.QueryEscape(token)
	case paas.MailRegistered, paas.MailPassword:
		return m.options.LinkBase + "/password-recovery", nil
	default:
		return "", nil
	}
	if token == "" {
		return "", fmt.Errorf("a mail of kind %q needs a token for its link", mail.Kind)
	}
	return m.options.LinkBase + path, nil
}

// oneLine keeps what a user typed from looking like a paragraph of ours: nothing in it breaks a line or
// turns the direction of writing.
func oneLine(typed string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, typed)), " ")
}

// compose makes the message that goes over the wire. Every attempt has the same Message-ID and date, so
// that a receiver who gets two knows them for one.
func (m *Mailer) compose(mail paas.Mail) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(mail.To)
	if err != nil {
		return nil, fmt.Errorf("receiver's address: %w", err)
	}
	if to.Address != mail.To {
		return nil, errors.New("the receiver is more than an address")
	}
	rendered, err := m.Render(mail)
	if err != nil {
		return nil, err
	}
	created := mail.CreatedAt
	if created.IsZero() {
		created = time.Now()
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(m.from)
	message.ToMailAddress(to)
	message.Subject(rendered.Subject)
	message.SetDateWithValue(created)
	message.SetMessageIDWithValue(string(mail.ID) + m.from.Address[strings.LastIndex(m.from.Address, "@"):])
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers, please
	message.SetBodyString(gomail.TypeTextPlain, rendered.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, rendered.HTML)
	return message, nil
}
