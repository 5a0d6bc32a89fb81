package paas

import (
	"context"
	"time"
)

// MailID identifies a mail: a UUIDv4.
type MailID string

// MailKind says what a mail is about; templates/mail has a template for each that is sent.
type MailKind string

// The kinds of mail. The Asked kinds are never sent: they are requests for a mail, kept in the outbox
// so that asking takes the same work whether or not there is an account.
const (
	MailConfirm        MailKind = "confirm"         // confirm the address of a new account; has a Token
	MailRegistered     MailKind = "registered"      // somebody tried to register with the address of an account
	MailReset          MailKind = "reset"           // choose a new password; has a Token
	MailAddress        MailKind = "address"         // confirm an account's new address; has a Token
	MailAddressChanged MailKind = "address-changed" // to the old address
	MailPassword       MailKind = "password"        // the password was changed
	MailInvite         MailKind = "invite"          // register; has a Token
	MailCertificate    MailKind = "certificate"     // to administrators: one ends and is not renewed
	MailBackup         MailKind = "backup"          // to administrators: one is missing
	MailConfirmAsked   MailKind = "confirm-asked"
	MailResetAsked     MailKind = "reset-asked"
)

// MailState says where a mail is. One that was delivered is removed.
type MailState string

// The states of a mail.
const (
	MailQueued MailState = "queued"
	MailCaught MailState = "caught" // no mail server is configured: kept to be read here
	MailFailed MailState = "failed" // given up
)

// Mail is a mail to send: what it says is made from these fields and its kind's template.
type Mail struct {
	ID        MailID
	Kind      MailKind
	To        string
	Username  string    // whom it greets; empty in an invite
	Token     Secret    // of its link
	Until     time.Time // when its link ends
	Detail    string    // the new address, who invites, or what is wrong
	State     MailState
	Attempts  int
	NextAt    time.Time
	LastError string // for administrators
	CreatedAt time.Time
}

// Message is a mail as it is read.
type Message struct {
	Subject string
	HTML    string
	Text    string
}

// Mailer delivers mails.
type Mailer interface {
	// Send delivers a mail. A Rejected error means that trying again is of no use.
	Send(ctx context.Context, mail Mail) error

	// Render makes what Send delivers.
	Render(mail Mail) (Message, error)

	// Catches tells that there is no mail server: mails stay in the store, to be read there.
	Catches() bool
}

// keptMail is the Mailer of a platform that was given none.
type keptMail struct{}

func (keptMail) Catches() bool { return true }

func (keptMail) Send(context.Context, Mail) error {
	return Errorf(Rejected, EUnavailable, "There is no mail server.")
}

func (keptMail) Render(mail Mail) (Message, error) {
	return Message{Subject: string(mail.Kind), Text: mail.Token.Reveal() + "\n"}, nil
}
