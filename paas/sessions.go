package paas

import "context"

// Sessions lists a user's log-ins that go on, newest first.
func (p *Platform) Sessions(ctx context.Context, user UserID) ([]Session, error) {
	return p.Store.Sessions(ctx, user)
}

// EndSession ends one of a user's log-ins at once.
func (p *Platform) EndSession(ctx context.Context, user UserID, id SessionID) error {
	err := p.Store.EndSession(ctx, user, id)
	if IsKind(err, NotFound) {
		return Errorf(NotFound, ENotFound, "There is no such log-in among yours: it has ended already.")
	}
	return err
}

// EndOtherSessions ends all of a user's log-ins but this one; with none all of them.
func (p *Platform) EndOtherSessions(ctx context.Context, user UserID, this SessionID) error {
	return p.Store.EndSessions(ctx, user, this)
}
