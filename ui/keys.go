package ui

import (
	"context"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) fillKeys(ctx context.Context, call *web.Call, page *templates.Profile) error {
	keys, err := u.platform.Keys(ctx, call.Caller.ID)
	for _, key := range keys {
		page.Keys = append(page.Keys, keyRow(key))
	}
	return err
}

func keyRow(key paas.SSHKey) templates.KeyRow {
	kind, _, _ := strings.Cut(key.Value, " ")
	return templates.KeyRow{ID: key.ID, Name: key.Name, Type: kind, Fingerprint: key.Fingerprint, CreatedAt: key.CreatedAt, LastUsedAt: key.LastUsedAt}
}

func (u *ui) addKey(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	value, name := form.Get("value"), strings.TrimSpace(form.Get("name"))
	if _, err := u.platform.AddKey(call.Request().Context(), call.Caller.ID, value, name); err != nil {
		return u.profileAgain(call, err, func(page *templates.Profile, mistakes templates.Mistakes) {
			page.NewKey = templates.KeyForm{Mistakes: mistakes.In("value", "name"), Name: name, Value: withoutPrivate(value)}
		})
	}
	return leave(call, profilePath, "key")
}

// withoutPrivate does not repeat a private key that was pasted by mistake.
func withoutPrivate(key string) string {
	if strings.Contains(key, "PRIVATE KEY") {
		return ""
	}
	return key
}

func (u *ui) removeKey(call *web.Call) error {
	if err := u.platform.RemoveKey(call.Request().Context(), call.Caller.ID, paas.KeyID(call.Param("key"))); err != nil {
		return err
	}
	return leave(call, profilePath, "keyless")
}
