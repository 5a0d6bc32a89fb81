package ui

import (
	"net/http"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) domainRoutes() []web.Route {
	return []web.Route{
		get("/dashboard/:id/domains", web.Owner, u.domains),
		operation("addDomain", post("/dashboard/:id/domains", web.Owner, u.addDomain)),
		operation("checkDomain", post("/dashboard/:id/domains/check", web.Owner, u.checkDomain)),
		operation("removeDomain", post("/dashboard/:id/domains/remove", web.Owner, u.removeDomain)),
	}
}

func (u *ui) domains(call *web.Call) error {
	page, err := u.domainsPage(call)
	if err != nil {
		return err
	}
	return u.show(call, http.StatusOK, page)
}

func (u *ui) domainsPage(call *web.Call) (templates.Domains, error) {
	state, err := u.state(call)
	if err != nil {
		return templates.Domains{}, err
	}
	all, err := u.platform.Domains(call.Request().Context(), call.Caller, call.Project.ID)
	if err != nil {
		return templates.Domains{}, err
	}
	page := templates.Domains{Own: u.platform.Hostname(call.Project.ID)}
	for _, d := range all {
		page.Rows = append(page.Rows, templates.DomainRow{Domain: d, Records: d.Records(page.Own)})
	}
	page.Frame, page.ProjectHead = u.head(call, "domains", "Domains", state)
	return page, nil
}

func (u *ui) addDomain(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	name, redirect := form.Get("name"), form.Get("redirect")
	if _, err := u.platform.AddDomain(call.Request().Context(), call.Caller, call.Project.ID, name, redirect); err != nil {
		refusal, mistakes, theirs := wrong(err)
		if !theirs {
			return err
		}
		page, err := u.domainsPage(call)
		if err != nil {
			return err
		}
		page.Mistakes, page.Entered, page.Redirect = mistakes.In("name"), name, redirect
		return u.show(call, call.Refused(refusal), page)
	}
	return leave(call, projectPath(call.Project.ID, "domains"), "domain")
}

func (u *ui) checkDomain(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	if _, err := u.platform.CheckDomain(call.Request().Context(), call.Caller, call.Project.ID, form.Get("name")); err != nil && !paas.IsKind(err, paas.NotFound) {
		return err
	}
	return leave(call, projectPath(call.Project.ID, "domains"), "dns")
}

func (u *ui) removeDomain(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	if err := u.platform.RemoveDomain(call.Request().Context(), call.Caller, call.Project.ID, form.Get("name")); err != nil {
		return err
	}
	return leave(call, projectPath(call.Project.ID, "domains"), "given-up")
}
