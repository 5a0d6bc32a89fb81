package ui

import (
	"net/http"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) registerForm(call *web.Call) error {
	mode, err := u.platform.Registration(call.Request().Context())
	if err != nil {
		return err
	}
	invite := paas.Secret(call.QueryParam("invite"))
	if mode == paas.RegistrationClosed && invite == "" { // an administrator's lets in
		return u.show(call, http.StatusOK, templates.Notice{
			Frame: frame(call, "Registration is closed"), Message: "The administrator of this host makes the accounts here.",
			Next: "/login", Button: "Log in",
		})
	}
	page := templates.Register{Frame: frame(call, "Make an account"), Invite: invite, AskInvite: invite == "" && mode == paas.RegistrationInvite}
	return u.showRegister(call, http.StatusOK, page)
}

// showRegister shows the form with a challenge to work on, when there is one.
func (u *ui) showRegister(call *web.Call, status int, page templates.Register) error {
	if puzzle, posed := u.platform.Puzzle(); posed {
		page.Puzzle = &puzzle
		call.AllowScripts()
	}
	return u.show(call, status, page)
}

func (u *ui) register(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	wanted := paas.Registrant{
		NewUser: paas.NewUser{
			Username: strings.TrimSpace(form.Get("username")), Email: strings.TrimSpace(form.Get("email")), Password: paas.Secret(form.Get("password")),
		},
		Invite: paas.Secret(strings.TrimSpace(form.Get("invite"))), Challenge: form.Get("challenge"), From: call.From(),
	}
	call.Target = wanted.Username
	user, err := u.platform.Register(call.Request().Context(), wanted)
	if err != nil {
		return u.registerAgain(call, wanted, err)
	}
	if user.Verified {
		return u.show(call, http.StatusCreated, templates.Notice{
			Frame: templates.Frame{Title: "Your account is ready"}, Message: "Log in with your e-mail address and password.", Next: "/login", Button: "Log in",
		})
	}
	return u.show(call, http.StatusCreated, templates.Notice{
		Frame:   templates.Frame{Title: "Look into your mailbox"},
		Message: "A mail is on its way to " + user.Email + ". The link in it confirms that the address is yours; then you can log in.",
		Resend:  true,
	})
}

// registerAgain keeps what was typed, but for the password.
func (u *ui) registerAgain(call *web.Call, wanted paas.Registrant, err error) error {
	refusal, mistakes, theirs := wrong(err)
	if !theirs {
		return err
	}
	page := templates.Register{
		Frame: templates.Frame{Title: "Make an account"}, Name: wanted.Username, Email: wanted.Email, Invite: wanted.Invite,
		AskInvite: refusal.Code == paas.EInvite, Mistakes: mistakes.In("username", "email", "password"),
	}
	if refusal.Code == paas.EChallenge {
		page.Summary = "The form was open for too long, or was sent without JavaScript. Send it once more."
	}
	return u.showRegister(call, call.Refused(refusal), page)
}

func (u *ui) verifyForm(call *web.Call) error {
	return u.show(call, http.StatusOK, templates.Verification{Frame: frame(call, "Confirm your e-mail address"), Token: paas.Secret(call.Param("token"))})
}

func (u *ui) verify(call *web.Call) error {
	user, err := u.platform.Confirm(call.Request().Context(), paas.Secret(call.Param("token")))
	if wrong := paas.Public(err); err != nil && wrong.Kind != paas.Internal {
		return u.show(call, call.Refused(wrong), templates.Verification{Frame: templates.Frame{Title: "This did not work"}, Error: wrong.Message})
	}
	if err != nil {
		return err
	}
	call.Target = user.Username
	return u.show(call, http.StatusOK, templates.Notice{
		Frame: templates.Frame{Title: "The address is confirmed"}, Message: user.Email + " is the address of " + user.Username + ".", Next: "/login", Button: "Log in",
	})
}

// resendPage asks for the confirmation mail again.
func resendPage() templates.AskMail {
	return templates.AskMail{
		Frame: templates.Frame{Title: "The mail did not come"}, Action: "/confirm/resend",
		About: "The link that confirms your address is sent again. Earlier ones end.",
	}
}

func (u *ui) resendForm(call *web.Call) error { return u.show(call, http.StatusOK, resendPage()) }

func (u *ui) resend(call *web.Call) error {
	return u.ask(call, resendPage(), u.platform.AskConfirmation, "If an account waits for this address to be confirmed, a mail with a new link is on its way to ")
}
