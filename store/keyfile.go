package store

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// dataKey encrypts values at rest with AES-256-GCM and random nonces.
type dataKey struct {
	id     string // the beginning of the secret's SHA-256, which also shows a damaged line of the file
	secret []byte
	cipher cipher.AEAD
}

const dataKeySize = 32

func newDataKey(secret []byte) (dataKey, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return dataKey{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	sum := sha256.Sum256(secret)
	return dataKey{hex.EncodeToString(sum[:4]), secret, aead}, err
}

func randomDataKey() (dataKey, error) {
	secret := make([]byte, dataKeySize)
	rand.Read(secret)
	return newDataKey(secret)
}

// keyring is the keys of one file, newest first; there is always one. It is not changed once made.
type keyring struct {
	keys []dataKey
}

func (k *keyring) find(id string) (dataKey, bool) {
	i := slices.IndexFunc(k.keys, func(key dataKey) bool { return key.id == id })
	if i < 0 {
		return dataKey{}, false
	}
	return k.keys[i], true
}

// encode is the content of a key file: a line for each key, its id and its secret in hexadecimal.
func (k *keyring) encode() []byte {
	var content bytes.Buffer
	for _, key := range k.keys {
		fmt.Fprintf(&content, "%s %x\n", key.id, key.secret)
	}
	return content.Bytes()
}

// openKeys reads the key file. When there is none it makes one, unless the database holds values that
// were encrypted with the one that is lost.
func openKeys(path string, holdsSealed func() (bool, error)) (*keyring, error) {
	keys, err := readKeys(path)
	if err == nil {
		return keys, os.Chmod(path, 0o600) // a restored one may be open to others
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	sealed, err := holdsSealed()
	if err != nil {
		return nil, err
	}
	if sealed {
		return nil, fmt.Errorf("%s is missing, and the database holds values that are encrypted with it: restore it from the backup that belongs to the database", path)
	}
	key, err := randomDataKey()
	if err != nil {
		return nil, err
	}
	if err := writeKeys(path, &keyring{[]dataKey{key}}, os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return readKeys(path) // another program may have been faster
}

func readKeys(path string) (*keyring, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read data key: %w", err)
	}
	keys := &keyring{}
	for line := range strings.Lines(string(content)) {
		id, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		secret, err := hex.DecodeString(text)
		if err != nil || len(secret) != dataKeySize {
			return nil, damagedKeys(path)
		}
		key, err := newDataKey(secret)
		if err != nil {
			return nil, err
		}
		if key.id != id {
			return nil, damagedKeys(path)
		}
		keys.keys = append(keys.keys, key)
	}
	if len(keys.keys) == 0 {
		return nil, damagedKeys(path)
	}
	return keys, nil
}

func damagedKeys(path string) error {
	return fmt.Errorf("%s is damaged: each line should hold a key's id and %d hexadecimal digits. Restore it from a backup; without it the variables and mails in the database cannot be read", path, 2*dataKeySize)
}

// writeKeys puts a key file in place so that after a crash the old or the new one is there, whole;
// place is os.Rename, or os.Link to leave one that is there already.
func writeKeys(path string, keys *keyring, place func(from, to string) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write data key: %w", err)
	}
	temporary, err := os.CreateTemp(dir, ".data.key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write data key: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(keys.encode())
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = place(temporary.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write data key: %w", err)
	}
	return syncDir(dir)
}

// syncDir makes what was renamed or linked in a directory last.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
