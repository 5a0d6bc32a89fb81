package ui

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// forgottenPage asks for a link to choose a new password.
func forgottenPage() templates.AskMail {
	return templates.AskMail{
		Frame: templates.Frame{Title: "Forgot the password?"}, Action: "/password-recovery",
		About: "A link to choose a new one comes by mail. It works for an hour.",
	}
}

func (u *ui) forgottenForm(call *web.Call) error { return u.show(call, http.StatusOK, forgottenPage()) }

func (u *ui) forgotten(call *web.Call) error {
	return u.ask(call, forgottenPage(), u.platform.AskReset, "If there is an account with this address, a link to choose a new password is on its way to ")
}

// ask hands an address to a use case that mails a link to it, or not: the page never tells.
func (u *ui) ask(call *web.Call, page templates.AskMail, use func(context.Context, string, netip.Addr) error, said string) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	page.Email = strings.TrimSpace(form.Get("email"))
	err = use(call.Request().Context(), page.Email, call.From())
	if refusal, mistakes, theirs := wrong(err); err != nil && theirs {
		page.Mistakes = mistakes.In("email")
		return u.show(call, call.Refused(refusal), page)
	}
	if err != nil {
		return err
	}
	return u.show(call, http.StatusOK, templates.Notice{
		Frame: templates.Frame{Title: "Look into your mailbox"}, Message: said + page.Email + ".", Next: "/login", Button: "Back to log in",
	})
}

func (u *ui) resetForm(call *web.Call) error {
	return u.show(call, http.StatusOK, templates.Reset{Frame: frame(call, "Choose a new password"), Token: paas.Secret(call.Param("token"))})
}

var errUnlike = paas.InvalidField("passwordVerification", "The two passwords are not the same. Type both again.")

func (u *ui) reset(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	token, password := paas.Secret(call.Param("token")), form.Get("password")
	if password != form.Get("passwordVerification") {
		err = errUnlike
	} else {
		err = u.platform.Reset(call.Request().Context(), token, paas.Secret(password))
	}
	if refusal, mistakes, theirs := wrong(err); err != nil && theirs {
		return u.show(call, call.Refused(refusal), templates.Reset{
			Frame: templates.Frame{Title: "Choose a new password"}, Token: token, BadLink: refusal.Code == paas.EBadLink, Mistakes: mistakes.In("password", "passwordVerification"),
		})
	}
	if err != nil {
		return err
	}
	call.End()
	return u.show(call, http.StatusOK, templates.Notice{
		Frame: templates.Frame{Title: "The password is set"}, Message: "Every earlier log-in has ended. Log in with the new password.", Next: "/login", Button: "Log in",
	})
}
