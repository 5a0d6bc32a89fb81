package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) keyRoutes() []endpoint {
	return tagged("SSH keys",
		route(a.keys, operation{name: "keys", method: http.MethodGet, path: "/sshkeys/my", level: web.Private, how: web.Lenient, query: pages(noLimit, exampleID),
			summary: "List one's SSH keys, oldest first.", errors: nothingElse()}),
		route(a.addKey, operation{name: "addKey", method: http.MethodPost, path: "/sshkeys/my", level: web.Private, how: web.Lenient, statuses: []int{http.StatusCreated},
			summary: "Add an SSH key; it opens the repositories of all one's projects.", errors: fails(paas.EKeyRejected, paas.ETaken)}),
		route(a.removeKey, operation{name: "removeKey", method: http.MethodDelete, path: "/sshkeys/my/:key", level: web.Private, how: web.Lenient,
			summary: "Remove one of one's SSH keys.", errors: nothingElse()}),
		route(a.allKeys, operation{name: "allKeys", method: http.MethodGet, path: "/sshkeys", level: web.Admin, how: web.Lenient, query: pages(noLimit, exampleID),
			summary: "List everybody's SSH keys.", errors: nothingElse()}),
	)
}

func keyID(k wire.Key) string { return string(k.ID) }

func (a *api) keys(call *web.Call, _ nothing) (reply[[]wire.Key], error) {
	keys, err := a.platform.Keys(call.Request().Context(), call.Caller.ID)
	if err != nil {
		return reply[[]wire.Key]{}, err
	}
	return page(call, listed(keys, wire.KeyOf), noLimit, keyID)
}

func (a *api) addKey(call *web.Call, in wire.NewKey) (reply[wire.Key], error) {
	key, err := a.platform.AddKey(call.Request().Context(), call.Caller.ID, in.Value, in.Name)
	return created(wire.KeyOf(key)), err
}

func (a *api) removeKey(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.RemoveKey(call.Request().Context(), call.Caller.ID, paas.KeyID(call.Param("key")))
}

func (a *api) allKeys(call *web.Call, _ nothing) (reply[[]wire.Key], error) {
	keys, err := a.platform.AllKeys(call.Request().Context())
	if err != nil {
		return reply[[]wire.Key]{}, err
	}
	return page(call, listed(keys, wire.KeyOf), noLimit, keyID)
}
