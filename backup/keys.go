package backup

import (
	"bytes"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// Recipient is whom a backup is for; Identity opens it.
type (
	Recipient = age.Recipient
	Identity  = age.Identity
)

// OneTimeKey makes a pair that is written nowhere, for whoever writes a backup and looks at once whether it can be read.
func OneTimeKey() (Identity, Recipient, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	return identity, identity.Recipient(), nil
}

// NewKey makes a pair: the key that opens backups, to be kept away from the host, and what it is named by there.
func NewKey() (key, recipient string, err error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	return identity.String(), identity.Recipient().String(), nil
}

// Recipients reads whom backups are for: age1… or the line of an SSH public key (ssh-ed25519, ssh-rsa).
func Recipients(texts []string) ([]age.Recipient, error) {
	var recipients []age.Recipient
	for _, text := range texts {
		var recipient age.Recipient
		var err error
		if strings.HasPrefix(text, "ssh-") {
			recipient, err = agessh.ParseRecipient(text)
		} else {
			recipient, err = age.ParseX25519Recipient(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%q names nobody whom a backup could be for: give what `paastech backup key` printed (age1…), or an SSH public key (ssh-ed25519 …)", text)
		}
		recipients = append(recipients, recipient)
	}
	return recipients, nil
}

// Identities reads a file of keys that open backups: lines of AGE-SECRET-KEY-1…, or an SSH private key without a
// passphrase.
func Identities(content []byte) ([]age.Identity, error) {
	if bytes.Contains(content, []byte("PRIVATE KEY-----")) {
		identity, err := agessh.ParseIdentity(content)
		if err != nil {
			return nil, fmt.Errorf("the SSH key cannot be read; it has to be one without a passphrase: %w", err)
		}
		return []age.Identity{identity}, nil
	}
	identities, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("the file holds no key that opens backups: %w", err)
	}
	return identities, nil
}
