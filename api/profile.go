package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) profileRoutes() []web.Route {
	me := named("me", route(http.MethodGet, "/users/my", web.Private, web.Lenient, a.me))
	me.ProjectTokens = true
	return []web.Route{
		me,
		named("changeProfile", route(http.MethodPatch, "/users/my", web.Private, web.Strict, a.changeProfile)),
		named("changePassword", route(http.MethodPost, "/users/my/password", web.Private, web.Strict, a.changePassword)),
		named("deleteAccount", route(http.MethodDelete, "/users/my", web.Private, web.Strict, a.deleteAccount)),
		named("myDeletion", route(http.MethodGet, "/users/my/deletion", web.Private, web.Strict, a.myDeletion)),
		named("myLimits", route(http.MethodGet, "/users/my/limits", web.Private, web.Strict, a.myLimits)),
		named("tokens", route(http.MethodGet, "/tokens", web.Private, web.Strict, a.tokens)),
		named("createToken", route(http.MethodPost, "/tokens", web.Private, web.Strict, a.createToken)),
		named("deleteToken", route(http.MethodDelete, "/tokens/:token", web.Private, web.Strict, a.deleteToken)),
	}
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
	session, err := a.platform.Renew(ctx, call.Caller)
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

func (a *api) myLimits(call *web.Call, _ nothing) (reply[wire.Limits], error) {
	usage, err := a.platform.Usage(call.Request().Context(), call.Caller.ID)
	return ok(wire.Limits{Limits: a.platform.LimitsOf(call.Caller), Usage: usage}), err
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
