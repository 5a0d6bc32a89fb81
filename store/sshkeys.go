package store

import (
	"context"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

type keyRow struct {
	ID          string `gorm:"primaryKey"`
	UserID      string
	Name        string
	Value       string
	Fingerprint string
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	LastUsedAt  *time.Time
}

func (keyRow) TableName() string { return "ssh_keys" }

func newKeyRow(key paas.SSHKey) keyRow {
	return keyRow{
		ID:          string(key.ID),
		UserID:      string(key.User),
		Name:        key.Name,
		Value:       key.Value,
		Fingerprint: key.Fingerprint,
		CreatedAt:   stored(key.CreatedAt),
		LastUsedAt:  storedOptional(key.LastUsedAt),
	}
}

func (row keyRow) key() paas.SSHKey {
	return paas.SSHKey{
		ID:          paas.KeyID(row.ID),
		User:        paas.UserID(row.UserID),
		Name:        row.Name,
		Value:       row.Value,
		Fingerprint: row.Fingerprint,
		CreatedAt:   row.CreatedAt.UTC(),
		LastUsedAt:  storedOptional(row.LastUsedAt),
	}
}

// CreateKey stores a new key.
func (s *Store) CreateKey(ctx context.Context, key paas.SSHKey) error {
	return s.write(ctx, "create SSH key", func(tx *gorm.DB) error {
		if err := lockUser(tx, key.User); err != nil {
			return err
		}
		row := newKeyRow(key)
		return tx.Create(&row).Error
	})
}

// Keys lists a user's keys, oldest first.
func (s *Store) Keys(ctx context.Context, user paas.UserID) ([]paas.SSHKey, error) {
	return listKeys(s.read(ctx).Where("user_id = ?", string(user)))
}

// AllKeys lists the keys of all users, oldest first.
func (s *Store) AllKeys(ctx context.Context) ([]paas.SSHKey, error) {
	return listKeys(s.read(ctx))
}

func listKeys(query *gorm.DB) ([]paas.SSHKey, error) {
	var rows []keyRow
	err := query.Order("created_at, id").Find(&rows).Error
	return convert(rows, keyRow.key), translate("list SSH keys", err)
}

// KeyByFingerprint reads the key that has this fingerprint.
func (s *Store) KeyByFingerprint(ctx context.Context, fingerprint string) (paas.SSHKey, error) {
	var row keyRow
	err := s.read(ctx).Where("fingerprint = ?", fingerprint).Where("user_id IN (SELECT id FROM users WHERE deleting_at IS NULL)").Take(&row).Error
	return row.key(), translate("read SSH key", err)
}

// TouchKey notes when a key was used last. A key that is gone by then is no error.
func (s *Store) TouchKey(ctx context.Context, id paas.KeyID, at time.Time) error {
	return s.write(ctx, "touch SSH key", func(tx *gorm.DB) error {
		return tx.Model(&keyRow{}).Where("id = ?", string(id)).Update("last_used_at", stored(at)).Error
	})
}

// DeleteKey removes a user's key.
func (s *Store) DeleteKey(ctx context.Context, user paas.UserID, id paas.KeyID) error {
	return s.write(ctx, "delete SSH key", func(tx *gorm.DB) error {
		return mustChange(tx.Where("id = ? AND user_id = ?", string(id), string(user)).Delete(&keyRow{}))
	})
}
