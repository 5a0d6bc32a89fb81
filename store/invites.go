package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

type inviteRow struct {
	ID        string `gorm:"primaryKey"`
	Hash      string
	Email     string
	Admin     bool
	InvitedBy string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt time.Time
}

func (inviteRow) TableName() string { return "invites" }

func (row inviteRow) invite() paas.Invite {
	return paas.Invite{
		ID:        paas.InviteID(row.ID),
		Hash:      paas.NonceHash(row.Hash),
		Email:     row.Email,
		Admin:     row.Admin,
		By:        row.InvitedBy,
		CreatedAt: row.CreatedAt.UTC(),
		ExpiresAt: row.ExpiresAt.UTC(),
	}
}

// CreateInvite stores an invitation with its mails.
func (s *Store) CreateInvite(ctx context.Context, invite paas.Invite, mails ...paas.Mail) error {
	return s.write(ctx, "create invitation", func(tx *gorm.DB) error {
		row := inviteRow{
			ID:        string(invite.ID),
			Hash:      string(invite.Hash),
			Email:     invite.Email,
			Admin:     invite.Admin,
			InvitedBy: invite.By,
			CreatedAt: stored(invite.CreatedAt),
			ExpiresAt: stored(invite.ExpiresAt),
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return s.createMails(tx, mails)
	})
}

// Invites lists all invitations, expired ones too, newest first.
func (s *Store) Invites(ctx context.Context) ([]paas.Invite, error) {
	var rows []inviteRow
	err := s.read(ctx).Order("created_at DESC, id DESC").Find(&rows).Error
	return convert(rows, inviteRow.invite), translate("list invitations", err)
}

// InviteByHash reads the invitation of a link, expired or not.
func (s *Store) InviteByHash(ctx context.Context, hash paas.NonceHash) (paas.Invite, error) {
	var row inviteRow
	err := s.read(ctx).Where("hash = ?", string(hash)).Take(&row).Error
	return row.invite(), translate("read invitation", err)
}

// DeleteInvite takes an invitation back.
func (s *Store) DeleteInvite(ctx context.Context, id paas.InviteID) error {
	return s.write(ctx, "delete invitation", func(tx *gorm.DB) error {
		return mustChange(tx.Where("id = ?", string(id)).Delete(&inviteRow{}))
	})
}

// DeleteInvitesBefore forgets the invitations that ended before expiry.
func (s *Store) DeleteInvitesBefore(ctx context.Context, expiry time.Time) error {
	return s.write(ctx, "delete old invitations", func(tx *gorm.DB) error {
		return tx.Where("expires_at < ?", stored(expiry)).Delete(&inviteRow{}).Error
	})
}
