package api

import (
	"net/http"
	"strconv"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// adminRoutes are an administrator's, over the API and over the host's own socket.
func (a *api) adminRoutes() []endpoint {
	return tagged("administration",
		route(a.overview, operation{name: "overview", method: http.MethodGet, path: "/admin/overview", level: web.Admin,
			summary: "Show the platform at a glance, and what should be looked at.", errors: nothingElse()}),
		route(a.settings, operation{name: "settings", method: http.MethodGet, path: "/admin/settings", level: web.Admin,
			summary: "List what is configured, without secrets.", errors: nothingElse()}),
		route(a.certificates, operation{name: "certificates", method: http.MethodGet, path: "/admin/certificates", level: web.Admin,
			summary: "List the certificates that clients are shown, and what could not be got.", errors: nothingElse()}),
		route(a.caRoot, operation{name: "caRoot", method: http.MethodGet, path: "/admin/ca", level: web.Admin,
			summary: "Show the CA certificate that clients have to trust, when this installation has a CA of its own.", errors: fails(paas.ENotFound)}),
		route(a.audit, operation{name: "audit", method: http.MethodGet, path: "/admin/audit", level: web.Admin, query: auditQuery(),
			summary: "List recorded changes, newest first.", errors: nothingElse()}),
		route(a.invites, operation{name: "invites", method: http.MethodGet, path: "/admin/invites", level: web.Admin, query: pages(defaultLimit, exampleID),
			summary: "List invitations that are open.", errors: nothingElse()}),
		route(a.createInvite, operation{name: "createInvite", method: http.MethodPost, path: "/admin/invites", level: web.Admin, statuses: []int{http.StatusCreated},
			summary: "Invite somebody; with an address the link is mailed there. The code is in this answer alone.", errors: nothingElse()}),
		route(a.deleteInvite, operation{name: "deleteInvite", method: http.MethodDelete, path: "/admin/invites/:invite", level: web.Admin,
			summary: "Take an invitation back.", errors: nothingElse()}),
		route(a.doctor, operation{name: "doctor", method: http.MethodGet, path: "/admin/doctor", level: web.Admin,
			summary: "Look at every part of the platform; list what is not as it should be, each with its remedy.", errors: nothingElse()}),
		route(a.repair, operation{name: "repair", method: http.MethodPost, path: "/admin/doctor/repair", level: web.Admin,
			summary: "Put right what is safe to, and remove what is kept of projects that do not exist; say what was done and what is left to find.", errors: fails(paas.EConflict)}),
	)
}

func auditQuery() []openapi.Parameter {
	return append(pages(defaultLimit, "4711"), words("name", "ada", "Of changes by this user."), words("target", exampleID, "Of changes to this."))
}

// hostRoutes are for who has the host: what could make an administrator into anybody. They are in no
// document.
func (a *api) hostRoutes() []endpoint {
	return []endpoint{
		raw[wire.Heartbeat](a.health, operation{name: "health", method: http.MethodGet, path: "/admin/health", level: web.Host}),
		route(a.setPassword, operation{name: "setPassword", method: http.MethodPost, path: "/admin/users/:username/password", level: web.Host}),
		route(a.mails, operation{name: "mails", method: http.MethodGet, path: "/admin/mails", level: web.Host}),
		route(a.mail, operation{name: "mail", method: http.MethodGet, path: "/admin/mails/:mail", level: web.Host}),
		route(a.rotateKey, operation{name: "rotateKey", method: http.MethodPost, path: "/admin/rotate-key", level: web.Host}),
	}
}

func (a *api) overview(call *web.Call, _ nothing) (reply[wire.Overview], error) {
	overview, err := a.platform.Overview(call.Request().Context())
	return ok(wire.OverviewOf(overview)), err
}

func (a *api) settings(*web.Call, nothing) (reply[[]wire.Setting], error) {
	return ok(listed(a.platform.Settings, wire.SettingOf)), nil
}

func (a *api) certificates(call *web.Call, _ nothing) (reply[[]wire.Certificate], error) {
	return ok(listed(a.platform.Certificates(call.Request().Context()), wire.CertificateOf)), nil
}

func (a *api) caRoot(*web.Call, nothing) (reply[wire.CA], error) {
	root, err := a.platform.CARoot()
	return ok(wire.CA{Root: string(root)}), err
}

func (a *api) audit(call *web.Call, _ nothing) (reply[[]wire.AuditEntry], error) {
	limit, err := number(call, "limit", maxLimit)
	if err != nil {
		return reply[[]wire.AuditEntry]{}, err
	}
	if limit == 0 {
		limit = defaultLimit
	}
	before, err := position(call)
	if err != nil {
		return reply[[]wire.AuditEntry]{}, err
	}
	query := paas.AuditQuery{Name: call.QueryParam("name"), Target: call.QueryParam("target"), Before: before, Limit: limit + 1}
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
	invite, code, err := a.platform.Invite(call.Request().Context(), call.Caller, paas.NewInvite{Email: in.Email, Admin: in.Admin})
	shown := wire.InviteOf(invite)
	shown.Code = code
	call.Target = in.Email
	return created(shown), err
}

func (a *api) deleteInvite(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.Uninvite(call.Request().Context(), paas.InviteID(call.Param("invite")))
}

func (a *api) doctor(call *web.Call, _ nothing) (reply[paas.Examination], error) {
	found, err := a.platform.Examine(call.Request().Context())
	return ok(found), err
}

func (a *api) repair(call *web.Call, _ nothing) (reply[paas.Examination], error) {
	found, err := a.platform.Repair(call.Request().Context())
	return ok(found), err
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
