// Package mail delivers the platform's mails over SMTP. Without a mail server it catches: mails stay
// in the store, and this package only renders them to be read there.
package mail

import (
	netmail "net/mail"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
)

// ERejected is the code of a mail that no further attempt will deliver.
const ERejected paas.Code = "E_MAIL_REJECTED"

// Encryption says how the connection to the mail server is protected.
type Encryption string

// The ways to protect it. A server's certificate is checked against the host's own list of authorities.
const (
	STARTTLS Encryption = "starttls" // begins in clear, goes on only when the server turns to TLS; usually port 587
	TLS      Encryption = "tls"      // from the first byte; usually port 465
	None     Encryption = "none"     // in clear; a password only goes to the host itself
)

// Options is what a Mailer needs to know. The comments name the configuration keys that errors name.
type Options struct {
	Host       string      // mail.smtp.host: name or IP address; empty catches
	Port       int         // mail.smtp.port: 0 is the encryption's usual one (587, 465, 25)
	Username   string      // mail.smtp.username: empty logs in to nothing
	Password   paas.Secret // mail.smtp.password
	Encryption Encryption  // mail.smtp.encryption: empty is STARTTLS
	From       string      // mail.from: address, or name and address; needed with a host
	LinkBase   string      // mail.linkBase: what links begin with; may end in a prefix such as /#
	Platform   string      // the platform's own address, which every mail names; empty is LinkBase up to its #
	Timeout    time.Duration
}

// defaultTimeout is how long a delivery takes at the most. Mail servers that test whom they talk to
// answer late on purpose.
const defaultTimeout = 45 * time.Second

// Mailer is the paas.Mailer for one mail server, or for none.
type Mailer struct {
	options Options
	from    *netmail.Address // nil when it catches and none is configured
	mails   *templates.Mails
}

var _ paas.Mailer = (*Mailer)(nil)

// New makes a Mailer. It does not connect: a mail server may be away when the platform starts. Its
// errors name the configuration key.
func New(options Options) (*Mailer, error) {
	options = options.withDefaults()
	from, err := options.validate()
	if err != nil {
		return nil, err
	}
	mails, err := templates.LoadMails()
	if err != nil {
		return nil, err
	}
	return &Mailer{options: options, from: from, mails: mails}, nil
}

// Catches tells that no mail server is configured.
func (m *Mailer) Catches() bool { return m.options.Host == "" }
