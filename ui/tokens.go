package ui

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) fillTokens(ctx context.Context, call *web.Call, page *templates.Profile) error {
	projects, err := u.platform.Projects(ctx, call.Caller)
	if err != nil {
		return err
	}
	names := map[paas.ProjectID]string{}
	for _, project := range projects {
		names[project.ID] = project.Name
	}
	page.NewToken.Projects = projects
	tokens, err := u.platform.Tokens(ctx, call.Caller.ID)
	for _, token := range tokens {
		page.Tokens = append(page.Tokens, templates.TokenRow{
			ID: token.ID, Name: token.Name, Scope: token.Scope, Project: token.Project, ProjectName: names[token.Project],
			ExpiresAt: token.ExpiresAt, Expired: token.ExpiresAt != nil && token.ExpiresAt.Before(time.Now()), LastUsedAt: token.LastUsedAt,
		})
	}
	return err
}

// createToken shows the secret on the page that answers, and nowhere else: no address has it.
func (u *ui) createToken(call *web.Call) error {
	form, err := call.Form()
	if err != nil {
		return err
	}
	wanted := paas.NewToken{Name: strings.TrimSpace(form.Get("name")), Scope: paas.Scope(form.Get("scope")), Project: paas.ProjectID(form.Get("project"))}
	call.Target = wanted.Name
	var secret paas.Secret
	if wanted.ExpiresAt, err = endOfDay(form.Get("expiresAt")); err == nil {
		_, secret, err = u.platform.CreateToken(call.Request().Context(), call.Caller, wanted)
	}
	if err != nil {
		return u.profileAgain(call, err, func(page *templates.Profile, mistakes templates.Mistakes) {
			typed := &page.NewToken
			typed.Mistakes = mistakes.In("name", "scope", "project", "expiresAt")
			typed.Name, typed.Scope, typed.Project, typed.Expires = wanted.Name, wanted.Scope, wanted.Project, form.Get("expiresAt")
		})
	}
	page, err := u.profilePage(call)
	if err != nil {
		return err
	}
	page.Made = &templates.MadeToken{Name: wanted.Name, Secret: secret}
	return u.show(call, http.StatusCreated, page)
}

// endOfDay is the last second of a day, UTC, as a field of type date sends it; no day is no end.
func endOfDay(day string) (*time.Time, error) {
	if day == "" {
		return nil, nil
	}
	begin, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, paas.InvalidField("expiresAt", "The last day is written like 2030-12-31.")
	}
	end := begin.AddDate(0, 0, 1).Add(-time.Second)
	return &end, nil
}

func (u *ui) revokeToken(call *web.Call) error {
	if err := u.platform.RemoveToken(call.Request().Context(), call.Caller.ID, paas.TokenID(call.Param("token"))); err != nil {
		return err
	}
	return leave(call, profilePath, "token")
}
