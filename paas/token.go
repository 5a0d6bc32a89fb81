package paas

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// TokenID identifies an API token: a UUIDv4.
type TokenID string

// TokenHash is the SHA-256, in hexadecimal, of an API token.
type TokenHash string

// Scope says what an API token may do of what its user may.
type Scope string

// The scopes, each of which includes those before it.
const (
	ScopeRead   Scope = "read"   // look, but see no value of a variable
	ScopeDeploy Scope = "deploy" // and change what runs: deploy, start, stop, variables
	ScopeAdmin  Scope = "admin"  // and everything else
)

var scopes = []Scope{ScopeRead, ScopeDeploy, ScopeAdmin}

// Allows tells whether the scope includes another one.
func (s Scope) Allows(needed Scope) bool {
	have, need := slices.Index(scopes, s), slices.Index(scopes, needed)
	return have >= 0 && need >= 0 && have >= need
}

// APIToken lets a program act for its user. Its secret (pt_…) is shown once and kept hashed.
type APIToken struct {
	ID         TokenID
	User       UserID
	Name       string
	Scope      Scope
	Project    ProjectID // the only project it is for; empty for all of its user's
	Hash       TokenHash
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil: never
	LastUsedAt *time.Time // to the minute
}

// TokenPrefix begins every API token, so that people and secret scanners know one.
const TokenPrefix = "pt_"

// MaxTokenName is how many characters a token's name has at the most.
const MaxTokenName = 40

// MaxTokens is how many API tokens a user has at the most.
const MaxTokens = 100

// newTokenSecret makes 160 random bits: GitHub's tokens have about as many.
func newTokenSecret() Secret {
	return Secret(TokenPrefix + strings.ToLower(rand.Text()) + strings.ToLower(rand.Text())[:6])
}

// HashToken is what the store knows of an API token.
func HashToken(secret Secret) TokenHash {
	sum := sha256.Sum256([]byte(secret.Reveal()))
	return TokenHash(hex.EncodeToString(sum[:]))
}
