package ui

import (
	"net/http"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) closingForm(call *web.Call) error {
	return u.showClosing(call, http.StatusOK, templates.Mistakes{})
}

func (u *ui) showClosing(call *web.Call, status int, mistakes templates.Mistakes) error {
	deletion, err := u.platform.UserDeletion(call.Request().Context(), call.Caller.Username)
	if err != nil {
		return err
	}
	page := templates.Closing{Frame: frame(call, "Delete your account"), Mistakes: mistakes, Deletion: templates.Deletion{Deletion: deletion}}
	page.Section = "profile"
	return u.show(call, status, page)
}

func (u *ui) closeAccount(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	err = u.platform.DeleteOwnAccount(call.Request().Context(), call.Caller, paas.Secret(form.Get("currentPassword")), call.From())
	if refusal, mistakes, theirs := wrong(err); err != nil && theirs && refusal.Kind != paas.Unavailable {
		return u.showClosing(call, call.Refused(refusal), mistakes.In("currentPassword"))
	}
	if err != nil { // what has begun cannot be asked about any more
		return err
	}
	call.End()
	return u.show(call, http.StatusOK, templates.Notice{
		Frame: templates.Frame{Title: "The account is deleted"}, Message: "Everything of it has gone along.", Next: "/", Button: "Front page",
	})
}
