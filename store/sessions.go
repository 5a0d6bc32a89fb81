package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

type sessionRow struct {
	ID        string `gorm:"primaryKey"`
	UserID    string
	Address   string
	Agent     string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt time.Time
}

func (sessionRow) TableName() string { return "sessions" }

func (row sessionRow) session() paas.Session {
	return paas.Session{
		ID:        paas.SessionID(row.ID),
		User:      paas.UserID(row.UserID),
		Origin:    paas.Origin{Address: row.Address, Agent: row.Agent},
		CreatedAt: row.CreatedAt.UTC(),
		ExpiresAt: row.ExpiresAt.UTC(),
	}
}

// CreateSession stores a new log-in.
func (s *Store) CreateSession(ctx context.Context, session paas.Session) error {
	return s.write(ctx, "create session", func(tx *gorm.DB) error {
		if err := lockUser(tx, session.User); err != nil {
			return err
		}
		row := sessionRow{
			ID:        string(session.ID),
			UserID:    string(session.User),
			Address:   session.Origin.Address,
			Agent:     session.Origin.Agent,
			CreatedAt: stored(session.CreatedAt),
			ExpiresAt: stored(session.ExpiresAt),
		}
		return tx.Create(&row).Error
	})
}

// Session reads a session that has not ended, and its user; from memory while nothing was written since.
func (s *Store) Session(ctx context.Context, id paas.SessionID) (paas.Session, paas.User, error) {
	generation := s.generation.Load()
	if known, ok := s.sessions.find(generation, id); ok {
		return known.noun, known.user, nil
	}
	var row sessionRow
	err := s.read(ctx).Where("id = ? AND expires_at > ?", string(id), stored(time.Now())).Take(&row).Error
	if err != nil {
		return paas.Session{}, paas.User{}, translate("read session", err)
	}
	user, err := s.User(ctx, paas.UserID(row.UserID))
	if err != nil {
		return paas.Session{}, paas.User{}, err
	}
	session := row.session()
	s.sessions.keep(generation, id, answer[paas.Session]{session, user, session.ExpiresAt})
	return session, user, nil
}

// DeleteSession ends a log-in. One that has ended already is no error.
func (s *Store) DeleteSession(ctx context.Context, id paas.SessionID) error {
	return s.write(ctx, "delete session", func(tx *gorm.DB) error {
		return tx.Where("id = ?", string(id)).Delete(&sessionRow{}).Error
	})
}

// Sessions lists a user's log-ins that have not ended, newest first.
func (s *Store) Sessions(ctx context.Context, user paas.UserID) ([]paas.Session, error) {
	var rows []sessionRow
	err := s.read(ctx).Where("user_id = ? AND expires_at > ?", string(user), stored(time.Now())).Order("created_at DESC, id").Find(&rows).Error
	return convert(rows, sessionRow.session), translate("list sessions", err)
}

// EndSession ends one of a user's log-ins.
func (s *Store) EndSession(ctx context.Context, user paas.UserID, id paas.SessionID) error {
	return s.write(ctx, "end session", func(tx *gorm.DB) error {
		return mustChange(tx.Where("id = ? AND user_id = ?", string(id), string(user)).Delete(&sessionRow{}))
	})
}

// EndSessions ends all of a user's log-ins but one.
func (s *Store) EndSessions(ctx context.Context, user paas.UserID, but paas.SessionID) error {
	return s.write(ctx, "end sessions", func(tx *gorm.DB) error {
		return tx.Where("user_id = ? AND id <> ?", string(user), string(but)).Delete(&sessionRow{}).Error
	})
}

// DeleteSessionsBefore forgets the sessions that ended before expiry.
func (s *Store) DeleteSessionsBefore(ctx context.Context, expiry time.Time) error {
	return s.write(ctx, "delete old sessions", func(tx *gorm.DB) error {
		return tx.Where("expires_at < ?", stored(expiry)).Delete(&sessionRow{}).Error
	})
}
