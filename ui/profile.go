package ui

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

const profilePath = "/dashboard/profile"

// profileRoutes are one's own account. They have the names of the API's operations, so that the audit
// tells the same of both.
func (u *ui) profileRoutes() []web.Route {
	return []web.Route{
		get(profilePath, web.Private, u.profile),
		get(profilePath+"/:part", web.Private, u.backTo(profilePath)),
		operation("changeProfile", post(profilePath+"/account", web.Private, u.changeProfile)),
		operation("changePassword", post(profilePath+"/password", web.Private, u.changePassword)),
		operation("addKey", post(profilePath+"/keys", web.Private, u.addKey)),
		operation("removeKey", post(profilePath+"/keys/:key/remove", web.Private, u.removeKey)),
		operation("createToken", post(profilePath+"/tokens", web.Private, u.createToken)),
		operation("deleteToken", post(profilePath+"/tokens/:token/revoke", web.Private, u.revokeToken)),
		operation("endSession", post(profilePath+"/sessions/:session/end", web.Private, u.endSession)),
		operation("endOtherSessions", post(profilePath+"/sessions/end", web.Private, u.endOtherSessions)),
		get(profilePath+"/delete", web.Private, u.closingForm),
		operation("deleteAccount", post(profilePath+"/delete", web.Private, u.closeAccount)),
	}
}

// operation gives a route the name that its operation has in the API.
func operation(name string, route web.Route) web.Route {
	route.Name = name
	return route
}

// backTo leads from the address of a form, at which a browser may be left after one was refused, to the
// page that has it.
func (u *ui) backTo(page string) web.Handler {
	return func(call *web.Call) error { return call.Redirect(http.StatusSeeOther, page) }
}

func (u *ui) profile(call *web.Call) error {
	page, err := u.profilePage(call)
	if err != nil {
		return err
	}
	return u.show(call, http.StatusOK, page)
}

// tokenDays is how long a token lasts unless its maker says otherwise.
const tokenDays = 90

// profilePage is the page with its forms as they are at first.
func (u *ui) profilePage(call *web.Call) (templates.Profile, error) {
	user, today := call.Caller, time.Now().UTC()
	page := templates.Profile{
		Frame: frame(call, "Your account"), User: user, Server: u.server.PublicURL(),
		Account:  templates.AccountForm{Username: user.Username, Email: user.Email},
		NewToken: templates.TokenForm{Scope: paas.ScopeDeploy, Today: today.Format(time.DateOnly), Expires: today.AddDate(0, 0, tokenDays).Format(time.DateOnly)},
	}
	page.Section = "profile"
	ctx := call.Request().Context()
	for _, fill := range []func(context.Context, *web.Call, *templates.Profile) error{u.fillAllowance, u.fillKeys, u.fillTokens, u.fillSessions} {
		if err := fill(ctx, call, &page); err != nil {
			return page, err
		}
	}
	return page, nil
}

// profileAgain shows the page again when one of its forms was refused: enter puts what was typed, and
// what was wrong with it, into that form.
func (u *ui) profileAgain(call *web.Call, err error, enter func(*templates.Profile, templates.Mistakes)) error {
	refusal, mistakes, theirs := wrong(err)
	if !theirs {
		return err
	}
	page, err := u.profilePage(call)
	if err != nil {
		return err
	}
	enter(&page, mistakes)
	return u.show(call, call.Refused(refusal), page)
}

func (u *ui) fillAllowance(ctx context.Context, call *web.Call, page *templates.Profile) error {
	used, err := u.platform.Usage(ctx, call.Caller.ID)
	page.Allowance = allowances(used, u.platform.LimitsOf(call.Caller))
	return err
}

// allowances are what is used of each limit.
func allowances(used paas.Usage, limits paas.UserLimits) []templates.Allowance {
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	size := func(n int64) string { return templates.Size(uint64(max(0, n))) }
	var all []templates.Allowance
	for _, one := range []struct {
		what        string
		used, limit int64
		say         func(int64) string
	}{
		{"Projects", int64(used.Projects), int64(limits.Projects), count},
		{"Running containers", int64(used.Containers), int64(limits.Containers), count},
		{"Memory of them", used.Memory, limits.Memory, size},
		{"Builds at a time", int64(used.Builds), int64(limits.Builds), count},
		{"Disk", used.Disk, limits.Disk, size},
	} {
		allowance := templates.Allowance{What: one.what, Used: one.say(one.used)}
		if one.limit > 0 {
			allowance.Limit = one.say(one.limit)
			allowance.Meter = templates.MeterOf(one.what+": "+allowance.Used+" of "+allowance.Limit, one.used, one.limit)
		}
		all = append(all, allowance)
	}
	return all
}

func (u *ui) changeProfile(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	username, email := strings.TrimSpace(form.Get("username")), strings.TrimSpace(form.Get("email"))
	changed, err := u.platform.ChangeProfile(call.Request().Context(), call.Caller, paas.ProfileChange{
		Username: &username, Email: &email, Password: paas.Secret(form.Get("currentPassword")), From: call.From(),
	})
	if err != nil {
		return u.profileAgain(call, err, func(page *templates.Profile, mistakes templates.Mistakes) {
			page.Account = templates.AccountForm{Mistakes: mistakes.In("username", "email", "currentPassword"), Username: username, Email: email}
		})
	}
	if email != call.Caller.Email && changed.PendingEmail == email {
		return leave(call, profilePath, "address")
	}
	return leave(call, profilePath, "saved")
}

// changePassword begins a new session: the change has ended all.
func (u *ui) changePassword(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	ctx, password := call.Request().Context(), form.Get("password")
	if password != form.Get("passwordVerification") {
		err = errUnlike
	} else {
		err = u.platform.ChangePassword(ctx, call.Caller, paas.Secret(form.Get("currentPassword")), paas.Secret(password), call.From())
	}
	if err != nil {
		return u.profileAgain(call, err, func(page *templates.Profile, mistakes templates.Mistakes) {
			page.Password.Mistakes = mistakes.In("currentPassword", "password", "passwordVerification")
		})
	}
	session, err := u.platform.Renew(ctx, call.Caller, call.Origin())
	if err != nil {
		return err
	}
	if _, err := call.Begin(session, call.Caller); err != nil {
		return err
	}
	return leave(call, profilePath, "password")
}
