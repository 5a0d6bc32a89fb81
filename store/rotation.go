package store

import (
	"context"
	"fmt"
	"os"

	"gorm.io/gorm"
)

// RotateKey makes a new key and encrypts anew what is encrypted at rest. Between any two of its steps
// the key file has every key that something in the database needs: the old ones leave it last.
func (s *Store) RotateKey(ctx context.Context) error {
	s.rotating.Lock()
	defer s.rotating.Unlock()
	if err := s.addKey(); err != nil {
		return fmt.Errorf("add data key: %w", err)
	}
	if err := s.reseal(ctx); err != nil {
		return err
	}
	return s.dropOldKeys()
}

// addKey puts a new key before the others, and waits for the writes that have begun: all that is
// written later is encrypted with it.
func (s *Store) addKey() error {
	key, err := randomDataKey()
	if err != nil {
		return err
	}
	keys := &keyring{append([]dataKey{key}, s.keys.Load().keys...)}
	if err := writeKeys(s.keyFile, keys, os.Rename); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.keys.Store(keys)
	return nil
}

// reseal encrypts everything with the newest key.
func (s *Store) reseal(ctx context.Context) error {
	err := s.write(ctx, "encrypt anew", func(tx *gorm.DB) error {
		keys := s.keys.Load()
		return rewriteAll(tx, true, func(at place, name, text string) (string, error) {
			value, err := keys.open(at, name, text)
			if err != nil {
				return "", fmt.Errorf("%s of %s %s: %w", at.column, at.table, at.row, err)
			}
			return keys.seal(at, name, value), nil
		})
	})
	if err != nil {
		return err
	}
	return s.truncateLog(ctx)
}

// dropOldKeys leaves the newest key alone in the file. In memory the others stay: a read that began
// before may still need them.
func (s *Store) dropOldKeys() error {
	return writeKeys(s.keyFile, &keyring{s.keys.Load().keys[:1]}, os.Rename)
}
