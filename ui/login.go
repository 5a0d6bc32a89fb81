package ui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

const home = "/dashboard"

func (u *ui) loginForm(call *web.Call) error {
	next := ownPath(call.QueryParam("next"))
	if call.Session != "" {
		return call.Redirect(http.StatusSeeOther, next)
	}
	return u.showLogin(call, http.StatusOK, templates.Login{Next: next})
}

// showLogin shows the form, and how to get an account.
func (u *ui) showLogin(call *web.Call, status int, page templates.Login) error {
	mode, err := u.platform.Registration(call.Request().Context())
	if err != nil {
		return err
	}
	page.Frame, page.Registration = templates.Frame{Title: "Log in"}, mode
	return u.show(call, status, page)
}

// login keeps what was typed, but for the password, when it was wrong.
func (u *ui) login(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	email, next := strings.TrimSpace(form.Get("email")), ownPath(form.Get("next"))
	session, user, err := u.platform.Login(call.Request().Context(), paas.LoginAttempt{Email: email, Password: paas.Secret(form.Get("password")), From: call.From(), Agent: call.Request().UserAgent()})
	if wrong := paas.Public(err); err != nil && wrong.Kind != paas.Internal {
		return u.showLogin(call, call.Refused(wrong), templates.Login{Email: email, Next: next, Error: wrong.Message})
	}
	if err != nil {
		return err
	}
	if _, err := call.Begin(session, user); err != nil {
		return err
	}
	return call.Redirect(http.StatusSeeOther, next)
}

// ownPath is the path when it leads to a page of ours, else the usual one.
func ownPath(path string) string {
	to, err := url.Parse(path)
	if err != nil || to.Scheme != "" || to.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return home
	}
	return path
}

func (u *ui) logout(call *web.Call) error {
	if err := u.platform.Logout(call.Request().Context(), call.Session); err != nil {
		return err
	}
	call.End()
	return call.Redirect(http.StatusSeeOther, "/")
}
