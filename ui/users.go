package ui

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

const usersPath = "/admin/users"

func (u *ui) userRoutes() []web.Route {
	one := usersPath + "/:username"
	return []web.Route{
		get(usersPath, web.Admin, u.adminUsers),
		operation("createUser", post(usersPath, web.Admin, u.createUser)),
		get("/admin/invites", web.Admin, u.backTo(usersPath)),
		operation("createInvite", post("/admin/invites", web.Admin, u.invite)),
		operation("deleteInvite", post("/admin/invites/:invite/delete", web.Admin, u.uninvite)),
		get(one, web.Admin, u.adminUser),
		get(one+"/:part", web.Admin, func(call *web.Call) error {
			return call.Redirect(http.StatusSeeOther, userPath(call.Param("username")))
		}),
		operation("setLimits", post(one+"/limits", web.Admin, u.setLimits)),
		operation("setLimits", post(one+"/usual-limits", web.Admin, u.usualLimits)),
		operation("grantAdmin", post(one+"/grant", web.Admin, u.grant)),
		operation("revokeAdmin", post(one+"/revoke", web.Admin, u.revoke)),
		operation("deleteUser", post(one+"/delete", web.Admin, u.deleteUser)),
	}
}

func userPath(username string) string { return usersPath + "/" + url.PathEscape(username) }

func (u *ui) adminUsers(call *web.Call) error {
	page, err := u.usersPage(call)
	if err != nil {
		return err
	}
	return u.show(call, http.StatusOK, page)
}

// usersPage is the page with its forms as they are at first.
func (u *ui) usersPage(call *web.Call) (templates.AdminUsers, error) {
	page, ctx := templates.AdminUsers{}, call.Request().Context()
	users, err := u.platform.Users(ctx)
	if err != nil {
		return page, err
	}
	projects, err := u.platform.AllProjects(ctx)
	if err != nil {
		return page, err
	}
	count := map[paas.UserID]int{}
	for _, project := range projects {
		count[project.Owner]++
	}
	var rows []templates.UserRow
	for _, user := range users {
		rows = append(rows, templates.UserRow{
			Username: user.Username, Email: user.Email, IsAdmin: user.IsAdmin, Verified: user.Verified, Limits: user.Limits != nil,
			Projects: count[user.ID], CreatedAt: user.CreatedAt,
		})
	}
	page.Frame, page.AdminHead = adminFrame(call, "users", "Users")
	page.Listing, page.Users = listing(call, "users", rows, func(u templates.UserRow) []string { return []string{u.Username, u.Email} })
	page.Invites, err = u.platform.Invites(ctx)
	return page, err
}

// usersAgain shows the page again when one of its forms was refused.
func (u *ui) usersAgain(call *web.Call, err error, enter func(*templates.AdminUsers, templates.Mistakes)) error {
	refusal, mistakes, theirs := wrong(err)
	if !theirs {
		return err
	}
	page, err := u.usersPage(call)
	if err != nil {
		return err
	}
	enter(&page, mistakes)
	return u.show(call, call.Refused(refusal), page)
}

func (u *ui) createUser(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	wanted := paas.NewUser{
		Username: strings.TrimSpace(form.Get("username")), Email: strings.TrimSpace(form.Get("email")), Password: paas.Secret(form.Get("password")), IsAdmin: form.Get("admin") != "",
	}
	call.Target = wanted.Username
	made, err := u.platform.CreateUser(call.Request().Context(), wanted)
	if err != nil {
		return u.usersAgain(call, err, func(page *templates.AdminUsers, mistakes templates.Mistakes) {
			page.NewUser = templates.NewUserForm{Mistakes: mistakes.In("username", "email", "password"), Username: wanted.Username, Email: wanted.Email, Admin: wanted.IsAdmin}
		})
	}
	return leave(call, userPath(made.Username), "account")
}

// invite shows the link on the page that answers, and nowhere else: no address of ours has it.
func (u *ui) invite(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	email := strings.TrimSpace(form.Get("email"))
	call.Target = email
	wanted := paas.NewInvite{Email: email, Admin: form.Get("admin") != ""}
	invite, code, err := u.platform.Invite(call.Request().Context(), call.Caller, wanted)
	if err != nil {
		return u.usersAgain(call, err, func(page *templates.AdminUsers, mistakes templates.Mistakes) {
			page.Invite = templates.InviteForm{Mistakes: mistakes.In("email"), Email: email, Admin: wanted.Admin}
		})
	}
	page, err := u.usersPage(call)
	if err != nil {
		return err
	}
	link := u.server.PublicURL() + "/register?" + url.Values{"invite": {code.Reveal()}}.Encode()
	page.Made = &templates.MadeInvite{Email: invite.Email, Link: paas.Secret(link), Until: invite.ExpiresAt}
	return u.show(call, http.StatusCreated, page)
}

func (u *ui) uninvite(call *web.Call) error {
	if err := u.platform.Uninvite(call.Request().Context(), paas.InviteID(call.Param("invite"))); err != nil {
		return err
	}
	return leave(call, usersPath, "uninvited")
}

func (u *ui) adminUser(call *web.Call) error {
	page, err := u.userPage(call)
	if err != nil {
		return err
	}
	return u.show(call, http.StatusOK, page)
}

// userPage is the page with its forms as they are at first.
func (u *ui) userPage(call *web.Call) (templates.AdminUser, error) {
	ctx := call.Request().Context()
	user, err := u.platform.UserByName(ctx, call.Param("username"))
	if err != nil {
		return templates.AdminUser{}, err
	}
	deletion, err := u.platform.UserDeletion(ctx, user.Username)
	if err != nil {
		return templates.AdminUser{}, err
	}
	states, err := u.platform.States(ctx, deletion.Projects)
	if err != nil {
		return templates.AdminUser{}, err
	}
	usage, err := u.platform.Usage(ctx, user.ID)
	limits := u.platform.LimitsOf(user)
	page := templates.AdminUser{
		User: user, Self: user.ID == call.Caller.ID, Projects: u.owned(deletion.Projects, states), Allowance: allowances(usage, limits),
		Limits: limitsForm(limits), Deletion: templates.Deletion{Deletion: deletion},
	}
	page.Limits.Own = user.Limits != nil
	page.Frame, page.AdminHead = adminFrame(call, "users", user.Username)
	return page, err
}

// limitsForm is the form that would set these limits.
func limitsForm(limits paas.UserLimits) templates.LimitsForm {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	size := func(n int64) string {
		if n == 0 {
			return ""
		}
		return paas.Bytes(n).String()
	}
	return templates.LimitsForm{
		Projects: number(limits.Projects), Containers: number(limits.Containers), Builds: number(limits.Builds), Memory: size(limits.Memory), Disk: size(limits.Disk),
	}
}

// userAgain shows the page again when one of its forms was refused.
func (u *ui) userAgain(call *web.Call, err error, enter func(*templates.AdminUser, templates.Mistakes)) error {
	refusal, mistakes, theirs := wrong(err)
	if !theirs || refusal.Kind == paas.NotFound {
		return err
	}
	page, err := u.userPage(call)
	if err != nil {
		return err
	}
	enter(&page, mistakes)
	return u.show(call, call.Refused(refusal), page)
}
