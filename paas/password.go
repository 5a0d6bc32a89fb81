package paas

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// argon2id parameters: OWASP's second recommendation (19 MiB, 2 passes, 1 lane).
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonSalt   = 16
	argonKey    = 32
)

// ValidatePassword checks a password's length in characters; any are fine.
func ValidatePassword(password Secret) error {
	if n := utf8.RuneCountInString(password.Reveal()); n < MinPassword || n > MaxPassword {
		return InvalidField("password", "A password has %d to %d characters.", MinPassword, MaxPassword)
	}
	return nil
}

// HashPassword returns the argon2id hash in PHC format ($argon2id$v=19$m=…,t=…,p=…$salt$key, RFC 9106).
func HashPassword(password Secret) Secret {
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password.Reveal()), salt, argonTime, argonMemory, argonLanes, argonKey)
	return phc(salt, key)
}

func phc(salt, key []byte) Secret {
	encode := base64.RawStdEncoding.EncodeToString
	return Secret(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, encode(salt), encode(key)))
}

// CheckPassword tells whether the password is the one that was hashed, in the same time either way.
func CheckPassword(hash, password Secret) bool {
	h, ok := readHash(hash)
	if !ok {
		return false
	}
	got := argon2.IDKey([]byte(password.Reveal()), h.salt, h.time, h.memory, h.lanes, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(got, h.key) == 1
}

// weakHash tells a hash whose parameters are below today's.
func weakHash(hash Secret) bool {
	h, ok := readHash(hash)
	return ok && (h.memory < argonMemory || h.time < argonTime || len(h.salt) < argonSalt || len(h.key) < argonKey)
}

// passwordHash is a hash in parts.
type passwordHash struct {
	memory, time uint32
	lanes        uint8
	salt, key    []byte
}

func readHash(hash Secret) (passwordHash, bool) {
	var h passwordHash
	fields := strings.Split(hash.Reveal(), "$")
	if len(fields) != 6 || fields[1] != "argon2id" {
		return h, false
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.lanes); err != nil {
		return h, false
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(fields[4]); err != nil {
		return h, false
	}
	h.key, err = base64.RawStdEncoding.DecodeString(fields[5])
	return h, err == nil && len(h.key) > 0 && h.time > 0 && h.lanes > 0
}
