package store

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

type userRow struct {
	ID             string `gorm:"primaryKey"`
	Username       string
	UsernameFolded string
	Email          string
	EmailFolded    string
	Password       string
	IsAdmin        bool
	EmailNonce     *string // null when the address has been confirmed
	CreatedAt      time.Time
	UpdatedAt      time.Time `gorm:"autoUpdateTime:false"`
}

func (userRow) TableName() string { return "users" }

func newUserRow(user paas.User) userRow {
	row := userRow{
		ID:             string(user.ID),
		Username:       user.Username,
		UsernameFolded: strings.ToLower(user.Username),
		Email:          user.Email,
		EmailFolded:    strings.ToLower(user.Email),
		Password:       user.PasswordHash.Reveal(),
		IsAdmin:        user.IsAdmin,
		CreatedAt:      stored(user.CreatedAt),
		UpdatedAt:      stored(user.UpdatedAt),
	}
	if !user.Verified {
		nonce := uuid.NewString()
		row.EmailNonce = &nonce
	}
	return row
}

func (row userRow) user() paas.User {
	return paas.User{
		ID:           paas.UserID(row.ID),
		Username:     row.Username,
		Email:        row.Email,
		PasswordHash: paas.Secret(row.Password),
		IsAdmin:      row.IsAdmin,
		Verified:     row.EmailNonce == nil,
		CreatedAt:    row.CreatedAt.UTC(),
		UpdatedAt:    row.UpdatedAt.UTC(),
	}
}

// CreateUser stores a new account.
func (s *Store) CreateUser(ctx context.Context, user paas.User) error {
	return s.write(ctx, "create user", func(tx *gorm.DB) error {
		row := newUserRow(user)
		return tx.Create(&row).Error
	})
}

// User reads an account.
func (s *Store) User(ctx context.Context, id paas.UserID) (paas.User, error) {
	return s.userWhere(ctx, userRow{ID: string(id)}, "ID")
}

// UserByName reads an account by its username, in any case.
func (s *Store) UserByName(ctx context.Context, username string) (paas.User, error) {
	return s.userWhere(ctx, userRow{UsernameFolded: strings.ToLower(username)}, "UsernameFolded")
}

// UserByEmail reads an account by its address, in any case.
func (s *Store) UserByEmail(ctx context.Context, email string) (paas.User, error) {
	return s.userWhere(ctx, userRow{EmailFolded: strings.ToLower(email)}, "EmailFolded")
}

func (s *Store) userWhere(ctx context.Context, like userRow, field string) (paas.User, error) {
	var row userRow
	err := s.read(ctx).Where(&like, field).Take(&row).Error
	return row.user(), translate("read user", err)
}

// Users lists all accounts by username.
func (s *Store) Users(ctx context.Context) ([]paas.User, error) {
	var rows []userRow
	err := s.read(ctx).Order("username_folded").Find(&rows).Error
	return convert(rows, userRow.user), translate("list users", err)
}

// SetPassword replaces the hash and ends all the user's sessions.
func (s *Store) SetPassword(ctx context.Context, id paas.UserID, hash paas.Secret) error {
	return s.write(ctx, "set password", func(tx *gorm.DB) error {
		changed := tx.Model(&userRow{}).Where("id = ?", string(id)).
			Updates(map[string]any{"password": hash.Reveal(), "updated_at": stored(time.Now())})
		if err := mustChange(changed); err != nil {
			return err
		}
		return tx.Where("user_id = ?", string(id)).Delete(&sessionRow{}).Error
	})
}

// mustChange makes a write that met no row the same error as a read that finds none.
func mustChange(written *gorm.DB) error {
	if written.Error == nil && written.RowsAffected == 0 {
		return gorm.ErrRecordNotFound
	}
	return written.Error
}
