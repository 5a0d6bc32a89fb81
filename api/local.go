package api

import (
	"slices"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// RegisterLocal adds the routes of administrators, and those of who has the host, to the server on
// the unix socket.
func RegisterLocal(server *web.Local, platform *paas.Platform) error {
	a := &api{platform: platform}
	return server.Handle(webRoutes(slices.Concat(a.hostRoutes(), a.userRoutes(), a.adminRoutes()))...)
}
