package templates

import (
	"github.com/paastech-cloud/paastech/paas"
)

// Home is what a visitor sees first.
type Home struct {
	Frame
	Server string // the platform's own address
}

func (Home) file() string { return "home.html" }

// Login is the log-in form, with what was typed and what was wrong with it.
type Login struct {
	Frame
	Email string
	Next  string // where to go afterwards
	Error string

	Registration paas.Registration
}

func (Login) file() string { return "login.html" }

// Failure is the page of a request that failed.
type Failure struct {
	Frame
	Status  int
	Code    paas.Code
	Message string
}

func (Failure) file() string { return "failure.html" }

// Register is the form for a new account, with what was typed and what was wrong with it.
type Register struct {
	Frame
	Mistakes
	Name      string
	Email     string
	Invite    paas.Secret // of the link that led here
	AskInvite bool        // only who is invited may register, and the address did not say so
	Puzzle    *paas.Puzzle
}

func (Register) file() string { return "register.html" }

// Verification asks for the click that confirms an address: programs that look through mails follow
// links, but press no buttons.
type Verification struct {
	Frame
	Token paas.Secret
	Error string
}

func (Verification) file() string { return "verification.html" }

// AskMail is a form that asks for a link by mail.
type AskMail struct {
	Frame
	Mistakes
	Action string // the form's address
	About  string
	Email  string
}

func (AskMail) file() string { return "askmail.html" }

// Reset is the form for a new password.
type Reset struct {
	Frame
	Mistakes
	Token   paas.Secret
	BadLink bool // no password will do
}

func (Reset) file() string { return "reset.html" }

// Notice says what happened and what happens next.
type Notice struct {
	Frame
	Message string
	Next    string // the address of a button; empty for none
	Button  string
	Resend  bool // a mail is on its way that may get lost
}

func (Notice) file() string { return "notice.html" }

// Mailbox lists the mails that are kept here.
type Mailbox struct {
	Frame
	Mails []paas.Mail
}

func (Mailbox) file() string { return "mailbox.html" }

// KeptMail is one of them.
type KeptMail struct {
	Frame
	Mail    paas.Mail
	Message paas.Message
}

func (KeptMail) file() string { return "mail.html" }
