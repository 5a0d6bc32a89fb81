package ui

import (
	"context"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

func (u *ui) fillSessions(ctx context.Context, call *web.Call, page *templates.Profile) error {
	sessions, err := u.platform.Sessions(ctx, call.Caller.ID)
	for _, session := range sessions {
		page.Sessions = append(page.Sessions, templates.SessionRow{
			ID: session.ID, Current: session.ID == call.Session, Program: templates.ProgramOf(session.Origin.Agent), Agent: session.Origin.Agent,
			Address: session.Origin.Address, CreatedAt: session.CreatedAt, ExpiresAt: session.ExpiresAt,
		})
	}
	return err
}

func (u *ui) endSession(call *web.Call) error {
	if err := u.platform.EndSession(call.Request().Context(), call.Caller.ID, paas.SessionID(call.Param("session"))); err != nil {
		return err
	}
	return leave(call, profilePath, "session")
}

func (u *ui) endOtherSessions(call *web.Call) error {
	if err := u.platform.EndOtherSessions(call.Request().Context(), call.Caller.ID, call.Session); err != nil {
		return err
	}
	return leave(call, profilePath, "sessions")
}
