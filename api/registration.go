package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) registrationRoutes() []endpoint {
	return tagged("accounts",
		route(a.register, operation{name: "register", method: http.MethodPost, path: "/auth/register", level: web.Public, how: web.Lenient, statuses: []int{http.StatusCreated},
			summary: "Make an account; a link to confirm it is mailed.", errors: fails(paas.ETooMany, paas.EClosed, paas.EInvite, paas.EChallenge, paas.ETaken)}),
		route(a.challenge, operation{name: "challenge", method: http.MethodGet, path: "/auth/challenge", level: web.Public,
			summary: "Get a puzzle whose answer registering asks for.", errors: fails(paas.ENotFound)}),
		route(a.confirm, operation{name: "confirm", method: http.MethodPost, path: "/auth/confirm/:token", level: web.Public, how: web.Lenient,
			summary: "Confirm an e-mail address by a mailed link's token.", errors: fails(paas.EBadLink, paas.ETaken)}),
		route(a.resend, operation{name: "resendConfirmation", method: http.MethodPost, path: "/auth/confirm/resend", level: web.Public,
			summary: "Ask for the confirmation mail again; the answer does not tell whether there is an account.", errors: fails(paas.ETooMany)}),
		route(a.requestReset, operation{name: "requestReset", method: http.MethodPost, path: "/auth/password/request", level: web.Public, how: web.Lenient,
			summary: "Ask for a mail to choose a new password; the answer does not tell whether there is an account.", errors: fails(paas.ETooMany)}),
		route(a.reset, operation{name: "resetPassword", method: http.MethodPost, path: "/auth/password/reset/:token", level: web.Public, how: web.Lenient,
			summary: "Choose a new password by a mailed link's token; all sessions end.", errors: fails(paas.EBadLink)}),
	)
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
