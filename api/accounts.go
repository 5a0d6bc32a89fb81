package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) accountRoutes() []web.Route {
	return []web.Route{
		named("login", route(http.MethodPost, "/auth/login", web.Public, web.Lenient, a.login)),
		scoped(paas.ScopeRead, named("logout", route(http.MethodPost, "/auth/logout", web.Private, web.Lenient, a.logout))),
	}
}

func (a *api) login(call *web.Call, in wire.Login) (reply[wire.Session], error) {
	session, user, err := a.platform.Login(call.Request().Context(), paas.LoginAttempt{Email: in.Email, Password: in.Password, From: call.From()})
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
