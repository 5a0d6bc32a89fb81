package paas

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// NonceHash is the SHA-256, in hexadecimal, of the secret of a mailed link. The secret itself is kept nowhere.
type NonceHash string

// Nonce is a link that was mailed to an account; a newer one takes its place.
type Nonce struct {
	Hash NonceHash
	At   time.Time
}

// The lifetimes of mailed links. That of a confirmation is Accounts.UnverifiedTTL.
const (
	ResetLifetime   = time.Hour
	AddressLifetime = 24 * time.Hour
	InviteLifetime  = 7 * 24 * time.Hour
)

// newNonce makes the secret of a link: 128 random bits, written like a UUID, which is what the first
// PaaSTech's website expects in its addresses. It is never one of the UUIDs that ids are: what has the
// form of an id is kept in clear.
func newNonce(at time.Time) (Secret, Nonce) {
	bits := make([]byte, 16)
	for rand.Read(bits); bits[6]>>4 == 4 && bits[8]>>6 == 2; {
		rand.Read(bits)
	}
	text := hex.EncodeToString(bits)
	secret := fmt.Sprintf("%s-%s-%s-%s-%s", text[:8], text[8:12], text[12:16], text[16:20], text[20:])
	return Secret(secret), Nonce{hashNonce(Secret(secret)), at}
}

func hashNonce(secret Secret) NonceHash {
	sum := sha256.Sum256([]byte(secret.Reveal()))
	return NonceHash(hex.EncodeToString(sum[:]))
}

// good tells whether the nonce is there, is the one that the secret belongs to, and is young enough.
func (n *Nonce) good(hash NonceHash, lifetime time.Duration, now time.Time) bool {
	return n != nil && n.Hash == hash && now.Before(n.At.Add(lifetime))
}
