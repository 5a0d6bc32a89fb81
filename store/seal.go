package store

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// sealedPrefix begins every value that is encrypted: enc:<key id>:<base64 of nonce and ciphertext>.
const sealedPrefix = "enc:"

var errUnknownKey = errors.New("a value is encrypted with a key that is not in the key file")

// place is where a sealed value belongs. It is authenticated with the value, so that one that was
// moved to another row, column or name does not open.
type place struct {
	table, row, column string
}

func (p place) bind(name string) []byte {
	return fmt.Appendf(nil, "%q %q %q %q", p.table, p.row, p.column, name)
}

// seal encrypts a value with the newest key.
func (k *keyring) seal(at place, name, value string) string {
	key := k.keys[0]
	sealed := key.cipher.Seal(nil, nil, []byte(value), at.bind(name))
	return sealedPrefix + key.id + ":" + base64.StdEncoding.EncodeToString(sealed)
}

// open decrypts a value. Its errors contain nothing of the value.
func (k *keyring) open(at place, name, sealed string) (string, error) {
	id, encoded, ok := sealedWith(sealed)
	if !ok {
		return "", errors.New("a value that should be encrypted is not")
	}
	key, known := k.find(id)
	if !known {
		return "", fmt.Errorf("%w: %s", errUnknownKey, id)
	}
	bytes, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", errors.New("an encrypted value is damaged: not base64")
	}
	value, err := key.cipher.Open(nil, nil, bytes, at.bind(name))
	if err != nil {
		return "", errors.New("an encrypted value is damaged, or belongs to another place")
	}
	return string(value), nil
}

// sealedWith takes a sealed value apart.
func sealedWith(sealed string) (keyID, encoded string, ok bool) {
	rest, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ":")
}

// sealedEnv is a set of variables as a column keeps it: names in clear, values sealed.
type sealedEnv map[string]string

func (k *keyring) sealEnv(at place, env paas.Env) sealedEnv {
	sealed := make(sealedEnv, len(env))
	for name, value := range env {
		sealed[name] = k.seal(at, name, value.Reveal())
	}
	return sealed
}

func (k *keyring) openEnv(at place, sealed sealedEnv) (paas.Env, error) {
	env := make(paas.Env, len(sealed))
	for name, text := range sealed {
		value, err := k.open(at, name, text)
		if err != nil {
			return nil, fmt.Errorf("%s of %s %s: %s: %w", at.column, at.table, at.row, name, err)
		}
		env[name] = paas.Secret(value)
	}
	return env, nil
}
