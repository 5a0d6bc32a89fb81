package paas

import (
	"crypto/rsa"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// KeyID identifies a stored SSH key: a UUIDv4.
type KeyID string

// SSHKey is a public key of a user; any of a user's keys opens all of that user's repositories.
type SSHKey struct {
	ID          KeyID
	User        UserID
	Name        string
	Value       string // authorized_keys form without the comment
	Fingerprint string // SHA256:…, as ssh-keygen -l prints it
	CreatedAt   time.Time
	LastUsedAt  *time.Time
}

// MaxKeyName is how many characters a key's name has at the most.
const MaxKeyName = 30

// maxKeyLine bounds an authorized_keys line before it is parsed: a 16,384-bit RSA key has 2,800 characters.
const maxKeyLine = 8 << 10

// ParseSSHKey reads one authorized_keys line; the name defaults to its comment.
func ParseSSHKey(line, name string) (SSHKey, error) {
	line = strings.TrimSpace(line)
	if len(line) > maxKeyLine || strings.ContainsAny(line, "\r\n\x00") {
		return SSHKey{}, InvalidField("value", "This is not one public key: give one line, like the content of ~/.ssh/id_ed25519.pub.")
	}
	key, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(options) > 0 {
		if strings.Contains(line, "PRIVATE KEY") {
			return SSHKey{}, InvalidField("value", "This is a private key: never give it away. Give the public one, in the file that ends in .pub.")
		}
		return SSHKey{}, InvalidField("value", "This is not a public key: give the content of a .pub file, like ~/.ssh/id_ed25519.pub.")
	}
	if err := CheckKey(key); err != nil {
		return SSHKey{}, err
	}
	if name == "" {
		name = truncate(comment, MaxKeyName)
	}
	if len([]rune(name)) > MaxKeyName {
		return SSHKey{}, InvalidField("name", "A key's name has at most %d characters.", MaxKeyName)
	}
	return SSHKey{
		Name:        name,
		Value:       strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))),
		Fingerprint: ssh.FingerprintSHA256(key),
	}, nil
}

// CheckKey refuses key types and sizes that are too weak to trust or too large to verify quickly:
// only ed25519, ecdsa, their sk- forms, and RSA of 3072 to 8192 bits.
func CheckKey(key ssh.PublicKey) error {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256:
		return nil
	case ssh.KeyAlgoRSA:
		crypto, ok := key.(ssh.CryptoPublicKey)
		if !ok {
			break
		}
		public, ok := crypto.CryptoPublicKey().(*rsa.PublicKey)
		if ok && public.N.BitLen() >= 3072 && public.N.BitLen() <= 8192 {
			return nil
		}
		return keyRejected("RSA keys have 3072 to 8192 bits here. Make a new key: ssh-keygen -t ed25519.")
	}
	return keyRejected("Keys of type " + key.Type() + " are not accepted. Make a new key: ssh-keygen -t ed25519.")
}

func keyRejected(message string) *Error {
	return &Error{Kind: Invalid, Code: EKeyRejected, Message: message, Details: []Detail{{Field: "value", Message: message}}}
}

func truncate(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes])
	}
	return s
}
