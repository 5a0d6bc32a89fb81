package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) keyRoutes() []web.Route {
	return []web.Route{
		route(http.MethodGet, "/sshkeys/my", web.Private, web.Lenient, a.keys),
		route(http.MethodPost, "/sshkeys/my", web.Private, web.Lenient, a.addKey),
		route(http.MethodDelete, "/sshkeys/my/:key", web.Private, web.Lenient, a.removeKey),
		route(http.MethodGet, "/sshkeys", web.Admin, web.Lenient, a.allKeys),
	}
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
