package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// userRoutes are an administrator's, over the API and over the host's own socket.
func (a *api) userRoutes() []web.Route {
	return []web.Route{
		named("users", route(http.MethodGet, "/users", web.Admin, web.Lenient, a.users)),
		named("createUser", route(http.MethodPost, "/users", web.Admin, web.Strict, a.createUser)),
		named("user", route(http.MethodGet, "/users/:username", web.Admin, web.Lenient, a.user)),
		named("deleteUser", route(http.MethodDelete, "/users/:username", web.Admin, web.Lenient, a.deleteUser)),
		named("userDeletion", route(http.MethodGet, "/users/:username/deletion", web.Admin, web.Strict, a.userDeletion)),
		named("grantAdmin", route(http.MethodPut, "/users/:username/admin", web.Admin, web.Strict, a.grantAdmin)),
		named("revokeAdmin", route(http.MethodDelete, "/users/:username/admin", web.Admin, web.Strict, a.revokeAdmin)),
		named("setLimits", route(http.MethodPut, "/users/:username/limits", web.Admin, web.Strict, a.setLimits)),
	}
}

func (a *api) users(call *web.Call, _ nothing) (reply[[]wire.UserDetails], error) {
	users, err := a.platform.Users(call.Request().Context())
	if err != nil {
		return reply[[]wire.UserDetails]{}, err
	}
	return page(call, listed(users, wire.UserDetailsOf), noLimit, func(u wire.UserDetails) string { return string(u.ID) })
}

// createUser makes an account that needs no confirmation: an administrator is believed.
func (a *api) createUser(call *web.Call, in wire.NewUser) (reply[wire.UserDetails], error) {
	call.Target = in.Username
	user, err := a.platform.CreateUser(call.Request().Context(), paas.NewUser{
		Username: in.Username, Email: in.Email, Password: in.Password, IsAdmin: in.Admin,
	})
	return created(wire.UserDetailsOf(user)), err
}

func (a *api) user(call *web.Call, _ nothing) (reply[wire.UserDetails], error) {
	user, err := a.platform.UserByName(call.Request().Context(), call.Param("username"))
	return ok(wire.UserDetailsOf(user)), err
}

func (a *api) deleteUser(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.DeleteUser(call.Request().Context(), call.Param("username"))
}

func (a *api) userDeletion(call *web.Call, _ nothing) (reply[wire.Deletion], error) {
	deletion, err := a.platform.UserDeletion(call.Request().Context(), call.Param("username"))
	return ok(wire.DeletionOf(deletion)), err
}

func (a *api) grantAdmin(call *web.Call, _ nothing) (reply[wire.UserDetails], error) {
	user, err := a.platform.SetAdmin(call.Request().Context(), call.Param("username"), true)
	return ok(wire.UserDetailsOf(user)), err
}

func (a *api) revokeAdmin(call *web.Call, _ nothing) (reply[wire.UserDetails], error) {
	user, err := a.platform.SetAdmin(call.Request().Context(), call.Param("username"), false)
	return ok(wire.UserDetailsOf(user)), err
}

func (a *api) setLimits(call *web.Call, in wire.NewLimits) (reply[wire.UserDetails], error) {
	user, err := a.platform.SetLimits(call.Request().Context(), call.Param("username"), in.Limits)
	return ok(wire.UserDetailsOf(user)), err
}

// setPassword is the host's alone: an administrator who could set anybody's could become anybody.
func (a *api) setPassword(call *web.Call, in wire.NewPassword) (reply[wire.Nothing], error) {
	return done(), a.platform.SetPassword(call.Request().Context(), call.Param("username"), in.Password)
}
