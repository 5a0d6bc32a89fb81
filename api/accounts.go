package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) accountRoutes() []endpoint {
	return tagged("accounts",
		route(a.login, operation{name: "login", method: http.MethodPost, path: "/auth/login", level: web.Public, how: web.Lenient,
			summary: "Begin a session: its token comes in the answer and as a cookie.", errors: fails(paas.EBadLogin, paas.ETooMany)}),
		route(a.logout, operation{name: "logout", method: http.MethodPost, path: "/auth/logout", level: web.Private, how: web.Lenient, scope: paas.ScopeRead,
			summary: "End the session that asks.", errors: nothingElse()}),
	)
}

func (a *api) login(call *web.Call, in wire.Login) (reply[wire.Session], error) {
	session, user, err := a.platform.Login(call.Request().Context(), paas.LoginAttempt{Email: in.Email, Password: in.Password, From: call.From(), Agent: call.Request().UserAgent()})
	if err != nil {
		return reply[wire.Session]{}, err
	}
	token, err := call.Begin(session, user)
	return ok(wire.Session{AccessToken: token, ExpiresAt: session.ExpiresAt}), err
}

func (a *api) logout(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	if err := a.platform.Logout(call.Request().Context(), call.Session); err != nil {
		return reply[wire.Nothing]{}, err
	}
	call.End()
	return done(), nil
}
