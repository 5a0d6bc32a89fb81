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
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt time.Time
}

func (sessionRow) TableName() string { return "sessions" }

// CreateSession stores a new log-in.
func (s *Store) CreateSession(ctx context.Context, session paas.Session) error {
	return s.write(ctx, "create session", func(tx *gorm.DB) error {
		if err := lockUser(tx, session.User); err != nil {
			return err
		}
		row := sessionRow{
			ID:        string(session.ID),
			UserID:    string(session.User),
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
	session := paas.Session{ID: id, User: user.ID, CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC()}
	s.sessions.keep(generation, id, answer[paas.Session]{session, user, session.ExpiresAt})
	return session, user, nil
}

// DeleteSession ends a log-in. One that has ended already is no error.
func (s *Store) DeleteSession(ctx context.Context, id paas.SessionID) error {
	return s.write(ctx, "delete session", func(tx *gorm.DB) error {
		return tx.Where("id = ?", string(id)).Delete(&sessionRow{}).Error
	})
}

// DeleteSessionsBefore forgets the sessions that ended before expiry.
func (s *Store) DeleteSessionsBefore(ctx context.Context, expiry time.Time) error {
	return s.write(ctx, "delete old sessions", func(tx *gorm.DB) error {
		return tx.Where("expires_at < ?", stored(expiry)).Delete(&sessionRow{}).Error
	})
}
