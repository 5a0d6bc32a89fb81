package ui

import (
	"net/http"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// mailbox are the pages of kept mails. Their links open accounts, so that a token needs every right.
func (u *ui) mailbox() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/dev/mailbox", Level: web.Admin, Scope: paas.ScopeAdmin, Handler: u.mails},
		{Method: http.MethodGet, Path: "/dev/mailbox/:mail", Level: web.Admin, Scope: paas.ScopeAdmin, Handler: u.mail},
		{Method: http.MethodGet, Path: "/dev/mailbox/:mail/html", Level: web.Admin, Scope: paas.ScopeAdmin, Handler: u.mailHTML},
	}
}

func (u *ui) mails(call *web.Call) error {
	mails, err := u.platform.Mails(call.Request().Context())
	if err != nil {
		return err
	}
	return u.show(call, http.StatusOK, templates.Mailbox{Frame: frame(call, "Mailbox"), Mails: mails})
}

func (u *ui) mail(call *web.Call) error {
	mail, message, err := u.platform.Mail(call.Request().Context(), paas.MailID(call.Param("mail")))
	if err != nil {
		return err
	}
	call.AllowFrames()
	return u.show(call, http.StatusOK, templates.KeptMail{Frame: frame(call, message.Subject), Mail: mail, Message: message})
}

// mailHTML is a mail's HTML part as a document of its own, which can do nothing but look; its links
// open beside it.
func (u *ui) mailHTML(call *web.Call) error {
	_, message, err := u.platform.Mail(call.Request().Context(), paas.MailID(call.Param("mail")))
	if err != nil {
		return err
	}
	call.Confine()
	return call.HTML(http.StatusOK, strings.Replace(message.HTML, "<head>", `<head><base target="_blank">`, 1))
}
