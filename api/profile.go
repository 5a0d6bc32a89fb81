package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) profileRoutes() []endpoint {
	return append(tagged("accounts",
		route(a.me, operation{name: "me", method: http.MethodGet, path: "/users/my", level: web.Private, how: web.Lenient, projectTokens: true,
			summary: "Show one's own account.", errors: nothingElse()}),
		route(a.changeProfile, operation{name: "changeProfile", method: http.MethodPatch, path: "/users/my", level: web.Private,
			summary: "Change one's name or address; a new address needs the password and counts once it is confirmed.", errors: passwordAgain().and(fails(paas.ETaken))}),
		route(a.changePassword, operation{name: "changePassword", method: http.MethodPost, path: "/users/my/password", level: web.Private,
			summary: "Change one's password; all sessions end, and the answer begins a new one.", errors: passwordAgain().and(fails(paas.EConflict))}),
		route(a.deleteAccount, operation{name: "deleteAccount", method: http.MethodDelete, path: "/users/my", level: web.Private,
			summary: "Delete one's account with its projects, containers, images and repositories.", errors: passwordAgain().and(fails(paas.ELastAdmin, paas.EConflict))}),
		route(a.myDeletion, operation{name: "myDeletion", method: http.MethodGet, path: "/users/my/deletion", level: web.Private,
			summary: "Say what deleting one's account would take along.", errors: nothingElse()}),
		route(a.myLimits, operation{name: "myLimits", method: http.MethodGet, path: "/users/my/limits", level: web.Private,
			summary: "Say what one may use, and what one uses.", errors: nothingElse()}),
	), a.tokenRoutes()...)
}

func (a *api) tokenRoutes() []endpoint {
	return tagged("API tokens",
		route(a.tokens, operation{name: "tokens", method: http.MethodGet, path: "/tokens", level: web.Private, query: pages(defaultLimit, exampleID),
			summary: "List one's API tokens, without their secrets.", errors: nothingElse()}),
		route(a.createToken, operation{name: "createToken", method: http.MethodPost, path: "/tokens", level: web.Private, statuses: []int{http.StatusCreated},
			summary: "Make an API token; its secret is in this answer alone.", errors: fails(paas.ENotFound, paas.EConflict)}),
		route(a.deleteToken, operation{name: "deleteToken", method: http.MethodDelete, path: "/tokens/:token", level: web.Private,
			summary: "End an API token at once.", errors: nothingElse()}),
	)
}

func (a *api) me(call *web.Call, _ nothing) (reply[wire.User], error) {
	return ok(wire.UserOf(call.Caller)), nil
}

func (a *api) changeProfile(call *web.Call, in wire.ProfileChange) (reply[wire.UserDetails], error) {
	user, err := a.platform.ChangeProfile(call.Request().Context(), call.Caller, paas.ProfileChange{
		Username: in.Username, Email: in.Email, Password: in.Password, From: call.From(),
	})
	return ok(wire.UserDetailsOf(user)), err
}

// changePassword answers with a new session: the change has ended all others.
func (a *api) changePassword(call *web.Call, in wire.PasswordChange) (reply[wire.Session], error) {
	ctx := call.Request().Context()
	if err := a.platform.ChangePassword(ctx, call.Caller, in.Current, in.Password, call.From()); err != nil {
		return reply[wire.Session]{}, err
	}
	session, err := a.platform.Renew(ctx, call.Caller, call.Origin())
	if err != nil {
		return reply[wire.Session]{}, err
	}
	token, err := call.Begin(session, call.Caller)
	return ok(wire.Session{AccessToken: token, ExpiresAt: session.ExpiresAt}), err
}

func (a *api) deleteAccount(call *web.Call, in wire.Password) (reply[wire.Nothing], error) {
	if err := a.platform.DeleteOwnAccount(call.Request().Context(), call.Caller, in.Password, call.From()); err != nil {
		return reply[wire.Nothing]{}, err
	}
	call.End()
	return removed(), nil
}

func (a *api) myDeletion(call *web.Call, _ nothing) (reply[wire.Deletion], error) {
	deletion, err := a.platform.UserDeletion(call.Request().Context(), call.Caller.Username)
	return ok(wire.DeletionOf(deletion)), err
}

func (a *api) myLimits(call *web.Call, _ nothing) (reply[wire.Allowance], error) {
	usage, err := a.platform.Usage(call.Request().Context(), call.Caller.ID)
	return ok(wire.Allowance{Limits: a.platform.LimitsOf(call.Caller), Usage: usage}), err
}

func (a *api) tokens(call *web.Call, _ nothing) (reply[[]wire.Token], error) {
	tokens, err := a.platform.Tokens(call.Request().Context(), call.Caller.ID)
	if err != nil {
		return reply[[]wire.Token]{}, err
	}
	return page(call, listed(tokens, wire.TokenOf), defaultLimit, func(t wire.Token) string { return string(t.ID) })
}

func (a *api) createToken(call *web.Call, in wire.NewToken) (reply[wire.Token], error) {
	token, secret, err := a.platform.CreateToken(call.Request().Context(), call.Caller, paas.NewToken{
		Name: in.Name, Scope: in.Scope, Project: in.Project, ExpiresAt: in.ExpiresAt,
	})
	shown := wire.TokenOf(token)
	shown.Secret = secret
	call.Target = in.Name
	return created(shown), err
}

func (a *api) deleteToken(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.RemoveToken(call.Request().Context(), call.Caller.ID, paas.TokenID(call.Param("token")))
}
