package api

import (
	"net/http"
	"strconv"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// adminRoutes are an administrator's, over the API and over the host's own socket.
func (a *api) adminRoutes() []web.Route {
	return []web.Route{
		named("overview", route(http.MethodGet, "/admin/overview", web.Admin, web.Strict, a.overview)),
		named("audit", route(http.MethodGet, "/admin/audit", web.Admin, web.Strict, a.audit)),
		named("invites", route(http.MethodGet, "/admin/invites", web.Admin, web.Strict, a.invites)),
		named("createInvite", route(http.MethodPost, "/admin/invites", web.Admin, web.Strict, a.createInvite)),
		named("deleteInvite", route(http.MethodDelete, "/admin/invites/:invite", web.Admin, web.Strict, a.deleteInvite)),
		named("doctor", route(http.MethodGet, "/admin/doctor", web.Admin, web.Strict, a.doctor)),
		named("repairOrphans", route(http.MethodPost, "/admin/doctor/repair", web.Admin, web.Strict, a.repair)),
	}
}

// hostRoutes are for who has the host: what could make an administrator into anybody.
func (a *api) hostRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: basePath + "/admin/health", Level: web.Host, Handler: a.health},
		named("setPassword", route(http.MethodPost, "/admin/users/:username/password", web.Host, web.Strict, a.setPassword)),
		named("mails", route(http.MethodGet, "/admin/mails", web.Host, web.Strict, a.mails)),
		named("mail", route(http.MethodGet, "/admin/mails/:mail", web.Host, web.Strict, a.mail)),
		named("rotateKey", route(http.MethodPost, "/admin/rotate-key", web.Host, web.Strict, a.rotateKey)),
	}
}

func (a *api) overview(call *web.Call, _ nothing) (reply[wire.Overview], error) {
	overview, err := a.platform.Overview(call.Request().Context())
	return ok(wire.OverviewOf(overview)), err
}

func (a *api) audit(call *web.Call, _ nothing) (reply[[]wire.AuditEntry], error) {
	limit, err := number(call, "limit", maxLimit)
	if err != nil {
		return reply[[]wire.AuditEntry]{}, err
	}
	if limit == 0 {
		limit = defaultLimit
	}
	query := paas.AuditQuery{Name: call.QueryParam("name"), Target: call.QueryParam("target"), Limit: limit + 1}
	if cursor := call.QueryParam("cursor"); cursor != "" {
		if query.Before, err = strconv.ParseInt(cursor, 10, 64); err != nil || query.Before < 1 {
			return reply[[]wire.AuditEntry]{}, paas.InvalidField("cursor", "This cursor is none of this list: begin anew.")
		}
	}
	entries, err := a.platform.Audit(call.Request().Context(), query)
	if err != nil {
		return reply[[]wire.AuditEntry]{}, err
	}
	next := ""
	if len(entries) > limit {
		entries = entries[:limit]
		next = strconv.FormatInt(entries[limit-1].ID, 10)
	}
	list := ok(listed(entries, wire.AuditEntryOf))
	list.answer.NextCursor = next
	return list, nil
}

func (a *api) invites(call *web.Call, _ nothing) (reply[[]wire.Invite], error) {
	invites, err := a.platform.Invites(call.Request().Context())
	if err != nil {
		return reply[[]wire.Invite]{}, err
	}
	return page(call, listed(invites, wire.InviteOf), defaultLimit, func(i wire.Invite) string { return string(i.ID) })
}

func (a *api) createInvite(call *web.Call, in wire.NewInvite) (reply[wire.Invite], error) {
	invite, code, err := a.platform.Invite(call.Request().Context(), call.Caller, in.Email)
	shown := wire.InviteOf(invite)
	shown.Code = code
	call.Target = in.Email
	return created(shown), err
}

func (a *api) deleteInvite(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.Uninvite(call.Request().Context(), paas.InviteID(call.Param("invite")))
}

func (a *api) doctor(call *web.Call, _ nothing) (reply[[]paas.Finding], error) {
	findings, err := a.platform.Examine(call.Request().Context())
	return ok(append([]paas.Finding{}, findings...)), err
}

func (a *api) repair(call *web.Call, _ nothing) (reply[[]paas.Finding], error) {
	if err := a.platform.RepairOrphans(call.Request().Context()); err != nil {
		return reply[[]paas.Finding]{}, err
	}
	return a.doctor(call, nothing{})
}

func (a *api) mails(call *web.Call, _ nothing) (reply[[]wire.Mail], error) {
	mails, err := a.platform.Mails(call.Request().Context())
	return ok(listed(mails, wire.MailOf)), err
}

func (a *api) mail(call *web.Call, _ nothing) (reply[wire.Mail], error) {
	mail, message, err := a.platform.Mail(call.Request().Context(), paas.MailID(call.Param("mail")))
	shown := wire.MailOf(mail)
	shown.Subject, shown.Text, shown.HTML = message.Subject, message.Text, message.HTML
	return ok(shown), err
}

func (a *api) rotateKey(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return done(), a.platform.RotateKey(call.Request().Context())
}
