package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// userRoutes are an administrator's, over the API and over the host's own socket.
func (a *api) userRoutes() []endpoint {
	return tagged("users",
		route(a.users, operation{name: "users", method: http.MethodGet, path: "/users", level: web.Admin, how: web.Lenient, query: pages(noLimit, exampleID),
			summary: "List all accounts.", errors: nothingElse()}),
		route(a.createUser, operation{name: "createUser", method: http.MethodPost, path: "/users", level: web.Admin, statuses: []int{http.StatusCreated},
			summary: "Make an account whose address counts as confirmed.", errors: fails(paas.ETaken)}),
		route(a.user, operation{name: "user", method: http.MethodGet, path: "/users/:username", level: web.Admin, how: web.Lenient,
			summary: "Show an account.", errors: nothingElse()}),
		route(a.deleteUser, operation{name: "deleteUser", method: http.MethodDelete, path: "/users/:username", level: web.Admin, how: web.Lenient,
			summary: "Delete an account with its projects, containers, images and repositories.", errors: fails(paas.ELastAdmin, paas.EConflict)}),
		route(a.userDeletion, operation{name: "userDeletion", method: http.MethodGet, path: "/users/:username/deletion", level: web.Admin,
			summary: "Say what deleting an account would take along.", errors: nothingElse()}),
		route(a.grantAdmin, operation{name: "grantAdmin", method: http.MethodPut, path: "/users/:username/admin", level: web.Admin,
			summary: "Make somebody an administrator.", errors: nothingElse()}),
		route(a.revokeAdmin, operation{name: "revokeAdmin", method: http.MethodDelete, path: "/users/:username/admin", level: web.Admin,
			summary: "Take an administrator's rights; whoever loses them is logged out everywhere.", errors: fails(paas.ELastAdmin)}),
		route(a.setLimits, operation{name: "setLimits", method: http.MethodPut, path: "/users/:username/limits", level: web.Admin,
			summary: "Give somebody limits of their own; null takes them back to the usual ones.", errors: nothingElse()}),
	)
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
