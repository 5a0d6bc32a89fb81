package api

import (
	"net/http"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

func (a *api) domainRoutes() []endpoint {
	return tagged("domains",
		route(a.domains, operation{name: "domains", method: http.MethodGet, path: "/projects/:id/domains", level: web.Owner,
			summary: "List a project's domains, and the records that lead them here.", errors: nothingElse()}),
		route(a.addDomain, operation{name: "addDomain", method: http.MethodPost, path: "/projects/:id/domains", level: web.Owner, statuses: []int{http.StatusCreated},
			summary: "Claim a name for a project: it is the project's who proves it first, by a record.", errors: fails(paas.EInvalid, paas.ETaken, paas.EQuotaDomains)}),
		route(a.checkDomain, operation{name: "checkDomain", method: http.MethodPost, path: "/projects/:id/domains/:domain/check", level: web.Owner, how: web.Lenient,
			summary: "Look at the DNS again now.", errors: fails(paas.EInvalid)}),
		route(a.removeDomain, operation{name: "removeDomain", method: http.MethodDelete, path: "/projects/:id/domains/:domain", level: web.Owner,
			summary: "Give a name up: the application no longer answers there.", errors: fails(paas.EInvalid)}),
	)
}

func (a *api) showDomain(call *web.Call, d paas.Domain) wire.Domain {
	return wire.DomainOf(d, a.platform.Hostname(call.Project.ID))
}

func (a *api) domains(call *web.Call, _ nothing) (reply[[]wire.Domain], error) {
	domains, err := a.platform.Domains(call.Request().Context(), call.Caller, call.Project.ID)
	return ok(listed(domains, func(d paas.Domain) wire.Domain { return a.showDomain(call, d) })), err
}

func (a *api) addDomain(call *web.Call, in wire.NewDomain) (reply[wire.Domain], error) {
	domain, err := a.platform.AddDomain(call.Request().Context(), call.Caller, call.Project.ID, in.Name, in.Redirect)
	return created(a.showDomain(call, domain)), err
}

func (a *api) checkDomain(call *web.Call, _ nothing) (reply[wire.Domain], error) {
	domain, err := a.platform.CheckDomain(call.Request().Context(), call.Caller, call.Project.ID, call.Param("domain"))
	return ok(a.showDomain(call, domain)), err
}

func (a *api) removeDomain(call *web.Call, _ nothing) (reply[wire.Nothing], error) {
	return removed(), a.platform.RemoveDomain(call.Request().Context(), call.Caller, call.Project.ID, call.Param("domain"))
}
