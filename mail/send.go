package mail

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/paastech-cloud/paastech/paas"
)

// authenticationRequired is the reply of RFC 4954 to a client that has to log in first: it says nothing
// of the mail.
const authenticationRequired = 530

// Send delivers a mail within the timeout. What the server says about this receiver or this content for
// good is Rejected; what it says before, about us, is for an administrator to put right, so it may be
// tried again like everything else.
func (m *Mailer) Send(ctx context.Context, mail paas.Mail) error {
	if m.Catches() {
		return errors.New("send mail: no mail server is configured (mail.smtp.host)")
	}
	if !mail.Until.IsZero() && time.Now().After(mail.Until) {
		return paas.Errorf(paas.Rejected, ERejected, "The link of this mail worked until %s, so it is not sent any more.", mail.Until.UTC().Format(time.RFC3339))
	}
	message, err := m.compose(mail)
	if err != nil {
		return paas.Errorf(paas.Rejected, ERejected, "This mail cannot be made.").Because(err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, m.options.Timeout, fmt.Errorf("the mail server took longer than %s", m.options.Timeout))
	defer cancel()
	// A server may fail after it has taken the mail; sending it once more would only make two of it.
	if err := m.deliver(ctx, message); err != nil && !message.IsDelivered() {
		return m.explain(ctx, err)
	}
	return nil
}

// deliver uses a connection of its own for every mail: there are few.
func (m *Mailer) deliver(ctx context.Context, message *gomail.Msg) error {
	connection, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer connection.Close()
	// The library looks at ctx only while it connects; afterwards closing is what ends its reads.
	defer context.AfterFunc(ctx, func() { connection.Close() })()

	dialed := func(context.Context, string, string) (net.Conn, error) { return connection, nil }
	client, err := gomail.NewClient(m.options.Host, append(m.clientOptions(message), gomail.WithDialContextFunc(dialed))...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, message)
}

func (m *Mailer) connect(ctx context.Context) (net.Conn, error) {
	address := net.JoinHostPort(m.options.Host, strconv.Itoa(m.options.Port))
	if m.options.Encryption == TLS {
		return (&tls.Dialer{Config: m.tlsConfig()}).DialContext(ctx, "tcp", address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

func (m *Mailer) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: m.options.Host, MinVersion: tls.VersionTLS12}
}

func (m *Mailer) clientOptions(message *gomail.Msg) []gomail.Option {
	// The library's clock begins anew with the mail; the context's is for everything and shall strike first.
	options := []gomail.Option{gomail.WithTimeout(2 * m.options.Timeout), gomail.WithoutNoop()}
	switch m.options.Encryption {
	case STARTTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithTLSConfig(m.tlsConfig()))
	case TLS:
		options = append(options, gomail.WithSSL())
	case None:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if m.options.Username != "" {
		mechanisms := []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthSCRAMSHA256}
		if m.options.Encryption == None { // to this very host: Options.validate
			mechanisms = []gomail.SMTPAuthType{gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc, gomail.SMTPAuthSCRAMSHA256}
		}
		options = append(options, gomail.WithOpportunisticSMTPAuth(mechanisms...),
			gomail.WithUsername(m.options.Username), gomail.WithPassword(m.options.Password.Reveal()))
	}
	// A mail marked as SMTPUTF8 is refused by servers on its way that do not know it, needed or not.
	if isASCII(message.GetFromString()[0]) && isASCII(message.GetToString()[0]) {
		options = append(options, gomail.WithoutSMTPUTF8())
	}
	return options
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}

// explain tells a refusal of this mail from a server that is away or does not like us.
func (m *Mailer) explain(ctx context.Context, err error) error {
	refused, replied := errors.AsType[*gomail.SendError](err)
	safe := m.redact(err)
	if replied && refused.ErrorCode() >= 500 && refused.ErrorCode() != authenticationRequired {
		switch refused.Reason {
		case gomail.ErrSMTPRcptTo:
			return paas.Errorf(paas.Rejected, ERejected, "The mail server does not take mail for this address.").Because(safe)
		case gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
			return paas.Errorf(paas.Rejected, ERejected, "The mail server does not take this mail.").Because(safe)
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("send mail through %s: %w", m.options.Host, context.Cause(ctx))
	}
	return fmt.Errorf("send mail through %s:%d: %w", m.options.Host, m.options.Port, safe)
}

// redact takes the password out of an error, in each form that a server could have echoed it in.
func (m *Mailer) redact(err error) error {
	password, said := m.options.Password.Reveal(), err.Error()
	if password == "" {
		return err
	}
	encode := base64.StdEncoding.EncodeToString
	shown := strings.NewReplacer(
		password, m.options.Password.String(),
		encode([]byte(password)), m.options.Password.String(),
		encode([]byte("\x00"+m.options.Username+"\x00"+password)), m.options.Password.String(),
	).Replace(said)
	if shown == said {
		return err
	}
	return errors.New(shown)
}
