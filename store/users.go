package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// userRow is an account. Uniqueness of addresses holds among verified accounts only: an account that
// waits for its confirmation has its own id in email_folded, and the address in unverified_folded.
type userRow struct {
	ID               string `gorm:"primaryKey"`
	Username         string
	UsernameFolded   string
	Email            string
	EmailFolded      string
	UnverifiedFolded *string
	Password         string
	IsAdmin          bool
	EmailNonce       *string // null when the address has been confirmed
	EmailNonceAt     *time.Time
	PasswordNonce    *string
	PasswordNonceAt  *time.Time
	PendingEmail     string
	PendingNonce     *string
	PendingNonceAt   *time.Time
	Limits           *paas.UserLimits `gorm:"serializer:json"`
	CreatedAt        time.Time        `gorm:"autoCreateTime:false"`
	UpdatedAt        time.Time        `gorm:"autoUpdateTime:false"`
	DeletingAt       *time.Time
}

func (userRow) TableName() string { return "users" }

// newUserRow refuses an account that is neither verified nor waits for its confirmation.
func newUserRow(user paas.User) (userRow, error) {
	if user.Verified != (user.EmailNonce == nil) {
		return userRow{}, fmt.Errorf("account %s: one that is verified has no link to confirm its address, any other has one", user.ID)
	}
	row := userRow{
		ID:             string(user.ID),
		Username:       user.Username,
		UsernameFolded: strings.ToLower(user.Username),
		Email:          user.Email,
		EmailFolded:    strings.ToLower(user.Email),
		Password:       user.PasswordHash.Reveal(),
		IsAdmin:        user.IsAdmin,
		PendingEmail:   user.PendingEmail,
		Limits:         user.Limits,
		CreatedAt:      stored(user.CreatedAt),
		UpdatedAt:      stored(user.UpdatedAt),
	}
	if !user.Verified {
		folded := row.EmailFolded
		row.EmailFolded, row.UnverifiedFolded = row.ID, &folded
	}
	row.EmailNonce, row.EmailNonceAt = nonceColumns(user.EmailNonce)
	row.PasswordNonce, row.PasswordNonceAt = nonceColumns(user.PasswordNonce)
	row.PendingNonce, row.PendingNonceAt = nonceColumns(user.PendingNonce)
	return row, nil
}

func nonceColumns(nonce *paas.Nonce) (hash *string, at *time.Time) {
	if nonce == nil {
		return nil, nil
	}
	text := string(nonce.Hash)
	return &text, storedOptional(&nonce.At)
}

func nonce(hash *string, at *time.Time) *paas.Nonce {
	if hash == nil || at == nil {
		return nil
	}
	return &paas.Nonce{Hash: paas.NonceHash(*hash), At: at.UTC()}
}

func (row userRow) user() paas.User {
	return paas.User{
		ID:            paas.UserID(row.ID),
		Username:      row.Username,
		Email:         row.Email,
		PasswordHash:  paas.Secret(row.Password),
		IsAdmin:       row.IsAdmin,
		Verified:      row.EmailNonce == nil,
		CreatedAt:     row.CreatedAt.UTC(),
		UpdatedAt:     row.UpdatedAt.UTC(),
		EmailNonce:    nonce(row.EmailNonce, row.EmailNonceAt),
		PasswordNonce: nonce(row.PasswordNonce, row.PasswordNonceAt),
		PendingEmail:  row.PendingEmail,
		PendingNonce:  nonce(row.PendingNonce, row.PendingNonceAt),
		Limits:        row.Limits,
	}
}

// present accounts are those whose deletion has not begun.
const present = "deleting_at IS NULL"

// User reads an account.
func (s *Store) User(ctx context.Context, id paas.UserID) (paas.User, error) {
	return takeUser(s.read(ctx).Where("id = ?", string(id)))
}

// UserByName reads an account by its username, in any case.
func (s *Store) UserByName(ctx context.Context, username string) (paas.User, error) {
	return takeUser(s.read(ctx).Where("username_folded = ?", strings.ToLower(username)))
}

// UserByEmail reads the verified account of an address, in any case.
func (s *Store) UserByEmail(ctx context.Context, email string) (paas.User, error) {
	return takeUser(s.read(ctx).Where("email_folded = ? AND email_nonce IS NULL", strings.ToLower(email)))
}

// UnverifiedUser reads the newest account that waits for the confirmation of this address.
func (s *Store) UnverifiedUser(ctx context.Context, email string) (paas.User, error) {
	return takeUser(s.read(ctx).Where("unverified_folded = ?", strings.ToLower(email)).Order("created_at DESC, id DESC"))
}

// UserByNonce reads the account that a link was mailed to.
func (s *Store) UserByNonce(ctx context.Context, hash paas.NonceHash) (paas.User, error) {
	return takeUser(s.read(ctx).Where("(email_nonce = ? OR password_nonce = ? OR pending_nonce = ?)", string(hash), string(hash), string(hash)))
}

func takeUser(query *gorm.DB) (paas.User, error) {
	var row userRow
	err := query.Where(present).Take(&row).Error
	return row.user(), translate("read user", err)
}

// Users lists all accounts by username.
func (s *Store) Users(ctx context.Context) ([]paas.User, error) {
	return listUsers(s.read(ctx).Where(present).Order("username_folded"))
}

// UnverifiedBefore lists accounts made before then that were never verified.
func (s *Store) UnverifiedBefore(ctx context.Context, then time.Time) ([]paas.User, error) {
	return listUsers(s.read(ctx).Where(present).Where("email_nonce IS NOT NULL AND created_at < ?", stored(then)).Order("created_at, id"))
}

// DeletingUsers lists the accounts whose deletion has begun.
func (s *Store) DeletingUsers(ctx context.Context) ([]paas.User, error) {
	return listUsers(s.read(ctx).Where("deleting_at IS NOT NULL").Order("deleting_at, id"))
}

func listUsers(query *gorm.DB) ([]paas.User, error) {
	var rows []userRow
	err := query.Find(&rows).Error
	return convert(rows, userRow.user), translate("list users", err)
}
