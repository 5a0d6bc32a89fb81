package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// CreateUser stores a new account with its mails, and uses up the invitation it came by.
func (s *Store) CreateUser(ctx context.Context, user paas.User, invite paas.InviteID, mails ...paas.Mail) error {
	return s.write(ctx, "create user", func(tx *gorm.DB) error {
		if invite != "" {
			if err := mustChange(tx.Where("id = ?", string(invite)).Delete(&inviteRow{})); err != nil {
				return err
			}
		}
		row, err := newUserRow(user)
		if err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return s.createMails(tx, mails)
	})
}

// ChangeUser reads the account, applies change and writes it with its effects in one transaction. Id,
// rights and time of creation cannot be changed by it.
func (s *Store) ChangeUser(ctx context.Context, id paas.UserID, change func(*paas.User) (paas.Effects, error)) (paas.User, error) {
	var user paas.User
	err := s.write(ctx, "change user", func(tx *gorm.DB) (err error) {
		if user, err = takeUser(locked(tx, "users").Where("id = ?", string(id))); err != nil {
			return err
		}
		before := user
		effects, err := change(&user)
		if err != nil {
			return err
		}
		user.ID, user.IsAdmin, user.CreatedAt = id, before.IsAdmin, before.CreatedAt
		row, err := newUserRow(user)
		if err != nil {
			return err
		}
		user = row.user()
		if err := tx.Where("id = ?", string(id)).Select("*").Omit("ID", "IsAdmin", "CreatedAt", "DeletingAt").Updates(&row).Error; err != nil {
			return err
		}
		return s.apply(tx, id, effects)
	})
	return user, err
}

// apply writes what goes with the change of an account.
func (s *Store) apply(tx *gorm.DB, id paas.UserID, effects paas.Effects) error {
	if effects.EndSessions {
		if err := endSessions(tx, id); err != nil {
			return err
		}
	}
	if effects.Done != "" {
		if err := tx.Where("id = ?", string(effects.Done)).Delete(&mailRow{}).Error; err != nil {
			return err
		}
	}
	return s.createMails(tx, effects.Mails)
}

func endSessions(tx *gorm.DB, id paas.UserID) error {
	return tx.Where("user_id = ?", string(id)).Delete(&sessionRow{}).Error
}

// SetAdmin gives or takes an administrator's rights; taking them ends the account's log-ins.
func (s *Store) SetAdmin(ctx context.Context, id paas.UserID, admin bool) error {
	return s.write(ctx, "set administrator", func(tx *gorm.DB) error {
		if !admin {
			if err := spareLastAdmin(tx, id); err != nil {
				return err
			}
			if err := endSessions(tx, id); err != nil {
				return err
			}
		}
		return mustChange(tx.Model(&userRow{}).Where("id = ?", string(id)).Where(present).
			Updates(map[string]any{"is_admin": admin, "updated_at": stored(time.Now())}))
	})
}

// spareLastAdmin refuses when the account is the only administrator's that can log in. It keeps every
// administrator's row until the transaction ends: of two who remove each other the second one sees
// that the first has done it. The order keeps the two from waiting for each other.
func spareLastAdmin(tx *gorm.DB, id paas.UserID) error {
	var admins []string
	err := locked(tx, "users").Model(&userRow{}).Where("is_admin AND email_nonce IS NULL").Where(present).
		Order("id").Pluck("id", &admins).Error
	if err != nil {
		return err
	}
	if len(admins) == 1 && admins[0] == string(id) {
		return paas.Errorf(paas.Conflict, paas.ELastAdmin, "This is the last administrator's account. Make somebody else an administrator first.")
	}
	return nil
}

// BeginUserDeletion makes the account invisible, frees its address, ends all that lets somebody in by
// it, and begins its projects' deletion. The order matters to PostgreSQL: projects before tokens, as in
// BeginProjectDeletion, and the account last, because the change of its address keeps away new rows
// that refer to it, which others insert while they hold a project.
func (s *Store) BeginUserDeletion(ctx context.Context, id paas.UserID) error {
	return s.write(ctx, "begin deletion of user", func(tx *gorm.DB) error {
		if err := spareLastAdmin(tx, id); err != nil {
			return err
		}
		if err := lockUser(tx, id); err != nil {
			return err
		}
		now := stored(time.Now())
		err := tx.Model(&projectRow{}).Where("user_id = ?", string(id)).Where(present).Update("deleting_at", now).Error
		if err != nil {
			return err
		}
		for _, row := range []any{&tokenRow{}, &sessionRow{}, &keyRow{}} {
			if err := tx.Where("user_id = ?", string(id)).Delete(row).Error; err != nil {
				return err
			}
		}
		return tx.Model(&userRow{}).Where("id = ?", string(id)).
			Updates(map[string]any{"deleting_at": now, "email_folded": string(id), "unverified_folded": nil}).Error
	})
}

// DeleteUser removes what is left of an account. One that still has projects stays: their containers
// and repositories would belong to nobody.
func (s *Store) DeleteUser(ctx context.Context, id paas.UserID) error {
	return s.write(ctx, "delete user", func(tx *gorm.DB) error {
		var projects int64
		if err := tx.Model(&projectRow{}).Where("user_id = ?", string(id)).Count(&projects).Error; err != nil {
			return err
		}
		if projects > 0 {
			return paas.Errorf(paas.Conflict, paas.EConflict, "The account still has projects: they go first.")
		}
		return mustChange(tx.Where("id = ?", string(id)).Delete(&userRow{}))
	})
}

// lockUser keeps an account from being deleted until the transaction ends; one whose deletion has
// begun is not there.
func lockUser(tx *gorm.DB, id paas.UserID) error {
	var row userRow
	return locked(tx, "users").Select("id").Where("id = ?", string(id)).Where(present).Take(&row).Error
}
