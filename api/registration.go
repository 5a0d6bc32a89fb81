package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) registrationRoutes() []web.Route {
	return []web.Route{
		named("register", route(http.MethodPost, "/auth/register", web.Public, web.Lenient, a.register)),
		named("challenge", route(http.MethodGet, "/auth/challenge", web.Public, web.Strict, a.challenge)),
		named("confirm", route(http.MethodPost, "/auth/confirm/:token", web.Public, web.Lenient, a.confirm)),
		named("resendConfirmation", route(http.MethodPost, "/auth/confirm/resend", web.Public, web.Strict, a.resend)),
		named("requestReset", route(http.MethodPost, "/auth/password/request", web.Public, web.Lenient, a.requestReset)),
		named("resetPassword", route(http.MethodPost, "/auth/password/reset/:token", web.Public, web.Lenient, a.reset)),
	}
}

func (a *api) register(call *web.Call, in wire.Register) (reply[wire.Registered], error) {
	user, err := a.platform.Register(call.Request().Context(), paas.Registrant{
		NewUser: paas.NewUser{Username: in.Username, Email: in.Email, Password: in.Password},
		Invite:  in.Invite, Challenge: in.Challenge, From: call.From(),
	})
	call.Target = user.Username
	return created(wire.Registered{Username: user.Username, Email: user.Email, IsAdmin: user.IsAdmin}), err
}

func (a *api) challenge(*web.Call, nothing) (reply[wire.Challenge], error) {
	puzzle, asked := a.platform.Puzzle()
	if !asked {
		return reply[wire.Challenge]{}, paas.Errorf(paas.NotFound, paas.ENotFound, "Registering needs no challenge here.")
	}
	return ok(wire.Challenge{Text: puzzle.Text, Bits: puzzle.Bits, Until: puzzle.Until}), nil
}

func (a *api) confirm(call *web.Call, _ nothing) (reply[wire.Registered], error) {
	user, err := a.platform.Confirm(call.Request().Context(), paas.Secret(call.Param("token")))
	call.Target = user.Username // not the link's secret
	return ok(wire.Registered{Username: user.Username, Email: user.Email, IsAdmin: user.IsAdmin}), err
}

func (a *api) resend(call *web.Call, in wire.Address) (reply[wire.Nothing], error) {
	return done(), a.platform.AskConfirmation(call.Request().Context(), in.Email, call.From())
}

func (a *api) requestReset(call *web.Call, in wire.Address) (reply[wire.Nothing], error) {
	return done(), a.platform.AskReset(call.Request().Context(), in.Email, call.From())
}

func (a *api) reset(call *web.Call, in wire.Reset) (reply[wire.Nothing], error) {
	call.Target = ""
	if in.Password != in.Verification {
		return reply[wire.Nothing]{}, paas.InvalidField("passwordVerification", "The two passwords are not the same.")
	}
	return done(), a.platform.Reset(call.Request().Context(), paas.Secret(call.Param("token")), in.Password)
}
