package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
)

// mailRow is a mail; what only its receiver should read is in Payload.
type mailRow struct {
	ID        string `gorm:"primaryKey"`
	Kind      string
	Payload   string // a sealed mailPayload
	Until     *time.Time
	State     string
	Attempts  int
	NextAt    time.Time
	LastError string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
}

func (mailRow) TableName() string { return "mails" }

type mailPayload struct {
	To       string      `json:"to"`
	Username string      `json:"username"`
	Token    paas.Secret `json:"token"`
	Detail   string      `json:"detail"`
}

func (row mailRow) place() place { return place{"mails", row.ID, "payload"} }

func (s *Store) newMailRow(mail paas.Mail) (mailRow, error) {
	row := mailRow{
		ID:        string(mail.ID),
		Kind:      string(mail.Kind),
		State:     string(mail.State),
		Attempts:  mail.Attempts,
		NextAt:    stored(mail.NextAt),
		LastError: mail.LastError,
		CreatedAt: stored(mail.CreatedAt),
	}
	if !mail.Until.IsZero() {
		row.Until = storedOptional(&mail.Until)
	}
	payload, err := json.Marshal(mailPayload{To: mail.To, Username: mail.Username, Token: mail.Token, Detail: mail.Detail})
	if err != nil {
		return mailRow{}, fmt.Errorf("encode mail: %w", err)
	}
	row.Payload = s.keys.Load().seal(row.place(), "", string(payload))
	return row, nil
}

func (s *Store) mail(row mailRow) (paas.Mail, error) {
	var payload mailPayload
	text, err := s.keys.Load().open(row.place(), "", row.Payload)
	if err == nil {
		err = json.Unmarshal([]byte(text), &payload)
	}
	if err != nil {
		return paas.Mail{}, fmt.Errorf("read mail %s: %w", row.ID, err)
	}
	mail := paas.Mail{
		ID:        paas.MailID(row.ID),
		Kind:      paas.MailKind(row.Kind),
		To:        payload.To,
		Username:  payload.Username,
		Token:     payload.Token,
		Detail:    payload.Detail,
		State:     paas.MailState(row.State),
		Attempts:  row.Attempts,
		NextAt:    row.NextAt.UTC(),
		LastError: row.LastError,
		CreatedAt: row.CreatedAt.UTC(),
	}
	if row.Until != nil {
		mail.Until = row.Until.UTC()
	}
	return mail, nil
}

// createMails puts mails into the outbox.
func (s *Store) createMails(tx *gorm.DB, mails []paas.Mail) error {
	for _, mail := range mails {
		row, err := s.newMailRow(mail)
		if err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
	}
	return nil
}

// EnqueueMail puts a mail into the outbox.
func (s *Store) EnqueueMail(ctx context.Context, mail paas.Mail) error {
	return s.write(ctx, "enqueue mail", func(tx *gorm.DB) error { return s.createMails(tx, []paas.Mail{mail}) })
}

// DueMails lists queued mails whose next attempt is not after then, oldest first.
func (s *Store) DueMails(ctx context.Context, then time.Time, limit int) ([]paas.Mail, error) {
	return s.listMails(limited(s.read(ctx), limit).
		Where("state = ? AND next_at <= ?", string(paas.MailQueued), stored(then)).Order("created_at, id"))
}

// Mails lists what is kept, newest first.
func (s *Store) Mails(ctx context.Context, limit int) ([]paas.Mail, error) {
	return s.listMails(limited(s.read(ctx), limit).Order("created_at DESC, id DESC"))
}

func (s *Store) listMails(query *gorm.DB) ([]paas.Mail, error) {
	var rows []mailRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, translate("list mails", err)
	}
	return decrypt(rows, s.mail)
}

// Mail reads a mail.
func (s *Store) Mail(ctx context.Context, id paas.MailID) (paas.Mail, error) {
	var row mailRow
	if err := s.read(ctx).Where("id = ?", string(id)).Take(&row).Error; err != nil {
		return paas.Mail{}, translate("read mail", err)
	}
	return s.mail(row)
}

// UpdateMail stores how its delivery goes; what it says stays.
func (s *Store) UpdateMail(ctx context.Context, mail paas.Mail) error {
	return s.write(ctx, "update mail", func(tx *gorm.DB) error {
		return mustChange(tx.Model(&mailRow{}).Where("id = ?", string(mail.ID)).Updates(map[string]any{
			"state": string(mail.State), "attempts": mail.Attempts, "next_at": stored(mail.NextAt), "last_error": mail.LastError,
		}))
	})
}

// DeleteMail forgets a mail. One that is gone already is no error.
func (s *Store) DeleteMail(ctx context.Context, id paas.MailID) error {
	return s.write(ctx, "delete mail", func(tx *gorm.DB) error {
		return tx.Where("id = ?", string(id)).Delete(&mailRow{}).Error
	})
}

// DeleteMailsBefore forgets mails that are not queued and were made before then.
func (s *Store) DeleteMailsBefore(ctx context.Context, then time.Time) error {
	return s.write(ctx, "delete old mails", func(tx *gorm.DB) error {
		return tx.Where("state <> ? AND created_at < ?", string(paas.MailQueued), stored(then)).Delete(&mailRow{}).Error
	})
}

// limited bounds how many rows are read; 0 is no bound.
func limited(query *gorm.DB, limit int) *gorm.DB {
	if limit > 0 {
		return query.Limit(limit)
	}
	return query
}
