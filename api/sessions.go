package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) sessionRoutes() []endpoint {
	return tagged("accounts",
		route(a.sessions, operation{name: "sessions", method: http.MethodGet, path: "/sessions", level: web.Private, query: pages(defaultLimit, exampleID),
			summary: "List one's log-ins that go on, newest first.", errors: nothingElse()}),
		route(a.endSession, operation{name: "endSession", method: http.MethodDelete, path: "/sessions/:session", level: web.Private,
			summary: "End one of one's log-ins at once.", errors: nothingElse()}),
		route(a.endOtherSessions, operation{name: "endOtherSessions", method: http.MethodDelete, path: "/sessions", level: web.Private,
			summary: "End all of one's log-ins but the one that asks.", errors: nothingElse()}),
	)
}

func (a *api) sessions(call *web.Call, _ nothing) (reply[[]wire.ActiveSession], error) {
	sessions, err := a.platform.Sessions(call.Request().Context(), call.Caller.ID)
	if err != nil {
		return reply[[]wire.ActiveSession]{}, err
	}
	shown := listed(sessions, func(s paas.Session) wire.ActiveSession { return wire.ActiveSessionOf(s, call.Session) })
	return page(call, shown, defaultLimit, func(s wire.ActiveSession) string { return string(s.ID) })
}

func (a *api) endSession(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	id := paas.SessionID(call.Param("session"))
	if err := a.platform.EndSession(call.Request().Context(), call.Caller.ID, id); err != nil {
		return reply[wire.Nothing]{}, err
	}
	if id == call.Session {
		call.End()
	}
	return removed(), nil
}

func (a *api) endOtherSessions(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.EndOtherSessions(call.Request().Context(), call.Caller.ID, call.Session)
}
