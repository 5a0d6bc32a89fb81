package templates

import (
	"github.com/paastech-cloud/paastech/paas"
)

// Frame is what stands around every page.
type Frame struct {
	Title    string
	Username string // empty when nobody is logged in
}

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

// Dashboard is the list of a user's projects.
type Dashboard struct {
	Frame
	Server   string
	Projects []ProjectRow
}

func (Dashboard) file() string { return "dashboard.html" }

// ProjectRow is one project in the list.
type ProjectRow struct {
	ID     paas.ProjectID
	Name   string
	Status paas.Status
	URL    string
	Newest *paas.Deployment
}

// Project is one project's page.
type Project struct {
	Frame
	ProjectRow
	GitURL      string
	Branch      string // whose pushes deploy; empty until the first
	Owner       string // not empty when it is not the reader's own
	Deployments []paas.Deployment
}

func (Project) file() string { return "project.html" }

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
	Name      string
	Email     string
	Invite    paas.Secret // of the link that led here
	AskInvite bool        // only who is invited may register, and the address did not say so
	Puzzle    *paas.Puzzle
	Error     string
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
	Action string // the form's address
	About  string
	Email  string
	Error  string
}

func (AskMail) file() string { return "askmail.html" }

// Reset is the form for a new password.
type Reset struct {
	Frame
	Token   paas.Secret
	BadLink bool // no password will do
	Error   string
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
