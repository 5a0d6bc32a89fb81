package ui

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) setLimits(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	limits, err := readLimits(form)
	if err == nil {
		_, err = u.platform.SetLimits(call.Request().Context(), call.Param("username"), &limits)
	}
	if err != nil {
		return u.userAgain(call, err, func(page *templates.AdminUser, mistakes templates.Mistakes) {
			page.Limits = templates.LimitsForm{
				Mistakes: mistakes.In("projects", "memory", "containers", "builds", "disk"), Own: page.Limits.Own,
				Projects: form.Get("projects"), Memory: form.Get("memory"), Containers: form.Get("containers"), Builds: form.Get("builds"), Disk: form.Get("disk"),
			}
		})
	}
	return leave(call, userPath(call.Param("username")), "limits")
}

// readLimits reads numbers and sizes; an empty field is 0.
func readLimits(form url.Values) (limits paas.UserLimits, err error) {
	for _, number := range []struct {
		field string
		into  *int
	}{{"projects", &limits.Projects}, {"containers", &limits.Containers}, {"builds", &limits.Builds}} {
		text := strings.TrimSpace(form.Get(number.field))
		if text == "" {
			continue
		}
		if *number.into, err = strconv.Atoi(text); err != nil {
			return limits, paas.InvalidField(number.field, "This is a whole number; empty is no limit.").Because(err)
		}
	}
	for _, size := range []struct {
		field string
		into  *int64
	}{{"memory", &limits.Memory}, {"disk", &limits.Disk}} {
		text := strings.TrimSpace(form.Get(size.field))
		if text == "" {
			continue
		}
		var amount paas.Bytes
		if err := amount.UnmarshalText([]byte(text)); err != nil {
			return limits, paas.InvalidField(size.field, "This is an amount like 512MiB or 4GiB; empty is no limit.").Because(err)
		}
		*size.into = int64(amount)
	}
	return limits, nil
}

func (u *ui) usualLimits(call *web.Call) error {
	if _, err := u.platform.SetLimits(call.Request().Context(), call.Param("username"), nil); err != nil {
		return err
	}
	return leave(call, userPath(call.Param("username")), "limits")
}

func (u *ui) grant(call *web.Call) error {
	if _, err := u.platform.SetAdmin(call.Request().Context(), call.Param("username"), true); err != nil {
		return err
	}
	return leave(call, userPath(call.Param("username")), "granted")
}

func (u *ui) revoke(call *web.Call) error {
	user, err := u.platform.SetAdmin(call.Request().Context(), call.Param("username"), false)
	if err != nil {
		return err
	}
	if user.ID == call.Caller.ID { // whose log-ins have all ended
		call.End()
	}
	return leave(call, userPath(user.Username), "revoked")
}

// deleteUser asks for the name to be typed, as for whatever cannot be undone.
func (u *ui) deleteUser(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	username := call.Param("username")
	if typed := strings.TrimSpace(form.Get("confirm")); typed != username {
		err = paas.InvalidField("confirm", "This is not %s: nothing was deleted.", username)
	} else {
		err = u.platform.DeleteUser(call.Request().Context(), username)
	}
	if err != nil {
		return u.userAgain(call, err, func(page *templates.AdminUser, mistakes templates.Mistakes) {
			page.Confirm = mistakes.In("confirm")
		})
	}
	return leave(call, usersPath, "accountless")
}
