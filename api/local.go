package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// RegisterLocal adds the routes of this host's administrator to the server on the unix socket.
func RegisterLocal(server *web.Local, platform *paas.Platform) error {
	a := &api{platform: platform}
	return server.Handle(
		web.Route{Method: http.MethodGet, Path: basePath + "/admin/health", Level: web.Host, Handler: a.health},
		route(http.MethodGet, "/admin/users", web.Host, web.Strict, a.users),
		route(http.MethodPost, "/admin/users", web.Host, web.Strict, a.createUser),
		route(http.MethodPost, "/admin/users/:username/password", web.Host, web.Strict, a.setPassword),
	)
}

func (a *api) users(call *web.Call, _ nothing) (reply[[]wire.User], error) {
	users, err := a.platform.Users(call.Request().Context())
	return ok(listed(users, wire.UserOf)), err
}

// createUser makes an account that needs no confirmation: who has the host is believed.
func (a *api) createUser(call *web.Call, in wire.NewUser) (reply[wire.User], error) {
	user, err := a.platform.CreateUser(call.Request().Context(), paas.NewUser{
		Username: in.Username, Email: in.Email, Password: in.Password, IsAdmin: in.Admin,
	})
	return created(wire.UserOf(user)), err
}

func (a *api) setPassword(call *web.Call, in wire.NewPassword) (reply[wire.Nothing], error) {
	return done(), a.platform.SetPassword(call.Request().Context(), call.Param("username"), in.Password)
}
