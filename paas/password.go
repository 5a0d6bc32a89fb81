package paas

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

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

// ValidatePassword checks a password's length in bytes; any characters are fine.
func ValidatePassword(password Secret) error {
	if n := len(password.Reveal()); n < MinPassword || n > MaxPassword {
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
	fields := strings.Split(hash.Reveal(), "$")
	if len(fields) != 6 || fields[1] != "argon2id" {
		return false
	}
	var memory, time uint32
	var lanes uint8
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &memory, &time, &lanes); err != nil {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(fields[4])
	if err != nil {
		return false
	}
	key, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil {
		return false
	}
	got := argon2.IDKey([]byte(password.Reveal()), salt, time, memory, lanes, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1
}
