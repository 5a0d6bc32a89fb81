package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

type tokenRow struct {
	ID         string `gorm:"primaryKey"`
	UserID     string
	Name       string
	Scope      string
	ProjectID  *string // null: all of its user's
	Hash       string
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt  *time.Time
	LastUsedAt *time.Time
}

func (tokenRow) TableName() string { return "api_tokens" }

func newTokenRow(token paas.APIToken) tokenRow {
	row := tokenRow{
		ID:         string(token.ID),
		UserID:     string(token.User),
		Name:       token.Name,
		Scope:      string(token.Scope),
		Hash:       string(token.Hash),
		CreatedAt:  stored(token.CreatedAt),
		ExpiresAt:  storedOptional(token.ExpiresAt),
		LastUsedAt: storedOptional(token.LastUsedAt),
	}
	if token.Project != "" {
		project := string(token.Project)
		row.ProjectID = &project
	}
	return row
}

func (row tokenRow) token() paas.APIToken {
	token := paas.APIToken{
		ID:         paas.TokenID(row.ID),
		User:       paas.UserID(row.UserID),
		Name:       row.Name,
		Scope:      paas.Scope(row.Scope),
		Hash:       paas.TokenHash(row.Hash),
		CreatedAt:  row.CreatedAt.UTC(),
		ExpiresAt:  storedOptional(row.ExpiresAt),
		LastUsedAt: storedOptional(row.LastUsedAt),
	}
	if row.ProjectID != nil {
		token.Project = paas.ProjectID(*row.ProjectID)
	}
	return token
}

// CreateToken stores a new API token.
func (s *Store) CreateToken(ctx context.Context, token paas.APIToken) error {
	return s.write(ctx, "create API token", func(tx *gorm.DB) error {
		if err := lockUser(tx, token.User); err != nil {
			return err
		}
		if token.Project != "" {
			if err := lockPresentProject(tx, token.Project); err != nil {
				return err
			}
		}
		row := newTokenRow(token)
		return tx.Create(&row).Error
	})
}

// Tokens lists a user's, expired ones too, oldest first.
func (s *Store) Tokens(ctx context.Context, user paas.UserID) ([]paas.APIToken, error) {
	var rows []tokenRow
	err := s.read(ctx).Where("user_id = ?", string(user)).Order("created_at, id").Find(&rows).Error
	return convert(rows, tokenRow.token), translate("list API tokens", err)
}

// TokenByHash reads a token that has not expired, and its user; from memory while nothing was written since.
func (s *Store) TokenByHash(ctx context.Context, hash paas.TokenHash) (paas.APIToken, paas.User, error) {
	generation := s.generation.Load()
	if known, ok := s.tokens.find(generation, hash); ok {
		return ownToken(known.noun), known.user, nil
	}
	var row tokenRow
	err := s.read(ctx).Where("hash = ? AND (expires_at IS NULL OR expires_at > ?)", string(hash), stored(time.Now())).Take(&row).Error
	if err != nil {
		return paas.APIToken{}, paas.User{}, translate("read API token", err)
	}
	user, err := s.User(ctx, paas.UserID(row.UserID))
	if err != nil {
		return paas.APIToken{}, paas.User{}, err
	}
	token := row.token()
	known := answer[paas.APIToken]{noun: ownToken(token), user: user}
	if token.ExpiresAt != nil {
		known.expires = *token.ExpiresAt
	}
	s.tokens.keep(generation, hash, known)
	return token, user, nil
}

// ownToken copies what a token points at.
func ownToken(token paas.APIToken) paas.APIToken {
	token.ExpiresAt, token.LastUsedAt = own(token.ExpiresAt), own(token.LastUsedAt)
	return token
}

// TouchToken notes when a token was used last. A token that is gone by then is no error.
func (s *Store) TouchToken(ctx context.Context, id paas.TokenID, at time.Time) error {
	return s.write(ctx, "touch API token", func(tx *gorm.DB) error {
		return tx.Model(&tokenRow{}).Where("id = ?", string(id)).Update("last_used_at", stored(at)).Error
	})
}

// DeleteToken removes a user's token.
func (s *Store) DeleteToken(ctx context.Context, user paas.UserID, id paas.TokenID) error {
	return s.write(ctx, "delete API token", func(tx *gorm.DB) error {
		return mustChange(tx.Where("id = ? AND user_id = ?", string(id), string(user)).Delete(&tokenRow{}))
	})
}
