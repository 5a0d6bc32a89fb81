package paas_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/paastech-cloud/paastech/paas"
)

// TestPasswords is trial T35.
func TestPasswords(t *testing.T) {
	tw := newTown(t, func(o *paas.Options) {
		o.Accounts.IsCommon = func(password string) bool { return password == "password123" }
	})
	try := func(name string, password paas.Secret) error {
		_, err := tw.CreateUser(t.Context(), paas.NewUser{Username: name, Email: name + "@example.com", Password: password})
		return err
	}
	for _, bad := range []paas.Secret{"", "seven77", "péché77", "password123", paas.Secret(strings.Repeat("a", 257))} {
		tw.wantCode(paas.EInvalid, try("grace", bad))
		tw.wantCode(paas.EInvalid, tw.SetPassword(t.Context(), "ada", bad))
	}
	long := strings.Repeat("0123456789abcdef", 8) // 128 bytes
	tw.must(try("grace", paas.Secret(long)))
	tw.must(tw.login("grace@example.com", long))
	for _, wrong := range []string{long[:72], long[:127], long[:127] + "F", long + " "} {
		tw.wantCode(paas.EBadLogin, tw.login("grace@example.com", wrong))
	}
	tw.must(try("hopper", "пароль\t🦆 \"'"))
	tw.must(tw.login("hopper@example.com", "пароль\t🦆 \"'"))
}

// weakHash is what an older program could have stored: 4 MiB, one pass.
func weakHash(password string) paas.Secret {
	salt := []byte("0123456789abcdef")
	key := argon2.IDKey([]byte(password), salt, 1, 4<<10, 1, 32)
	encode := base64.RawStdEncoding.EncodeToString
	return paas.Secret("$argon2id$v=19$m=4096,t=1,p=1$" + encode(salt) + "$" + encode(key))
}

var today = regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)

// TestHashes is trial T33: the format, with 16 bytes of salt, and weaker ones are upgraded at log-in.
func TestHashes(t *testing.T) {
	tw := newTown(t, nil)
	if !today.MatchString(tw.ada.PasswordHash.Reveal()) {
		t.Errorf("hash %s", tw.ada.PasswordHash.Reveal())
	}
	if tw.ada.PasswordHash == paas.HashPassword("correct horse") {
		t.Error("no salt")
	}
	setHash := func(hash paas.Secret) {
		_, err := tw.store.ChangeUser(t.Context(), tw.ada.ID, func(user *paas.User) (paas.Effects, error) {
			user.PasswordHash = hash
			return paas.Effects{}, nil
		})
		tw.must(err)
	}
	hashNow := func() string {
		user, err := tw.UserByName(t.Context(), "ada")
		tw.must(err)
		return user.PasswordHash.Reveal()
	}
	weak := weakHash("correct horse")
	setHash(weak)
	tw.wantCode(paas.EBadLogin, tw.login("ada@example.com", "wrong password"))
	if hashNow() != weak.Reveal() {
		t.Error("a wrong password changed the hash")
	}
	tw.must(tw.login("ada@example.com", "correct horse"))
	upgraded := hashNow()
	if !today.MatchString(upgraded) {
		t.Errorf("after the log-in: %s", upgraded)
	}
	tw.must(tw.login("ada@example.com", "correct horse"))
	if hashNow() != upgraded {
		t.Error("a hash of today's was hashed again")
	}
}
