package wire

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Login is what POST /auth/login asks for.
type Login struct {
	Email    string      `json:"email"`
	Password paas.Secret `json:"password"`
}

// Session is what a log-in gives.
type Session struct {
	AccessToken paas.Secret `json:"accessToken"`
	ExpiresAt   time.Time   `json:"expiresAt"`
}

// User is an account as its owner and administrators see it.
type User struct {
	ID        paas.UserID `json:"id"`
	Username  string      `json:"username"`
	Email     string      `json:"email"`
	IsAdmin   bool        `json:"isAdmin"`
	CreatedAt time.Time   `json:"createdAt"`
}

// UserOf shows an account.
func UserOf(u paas.User) User {
	return User{ID: u.ID, Username: u.Username, Email: u.Email, IsAdmin: u.IsAdmin, CreatedAt: u.CreatedAt.UTC()}
}

// NewUser is an account to make on the host.
type NewUser struct {
	Username string      `json:"username"`
	Email    string      `json:"email"`
	Password paas.Secret `json:"password"`
	Admin    bool        `json:"admin,omitempty"`
}

// NewPassword replaces a password on the host.
type NewPassword struct {
	Password paas.Secret `json:"password"`
}

// Key is an SSH key.
type Key struct {
	ID          paas.KeyID  `json:"id"`
	Name        string      `json:"name"`
	Value       string      `json:"value"`
	Fingerprint string      `json:"fingerprint"`
	CreatedAt   time.Time   `json:"createdAt"`
	LastUsedAt  *time.Time  `json:"lastUsedAt"`
	User        paas.UserID `json:"userId"`
}

// KeyOf shows a key.
func KeyOf(k paas.SSHKey) Key {
	return Key{ID: k.ID, Name: k.Name, Value: k.Value, Fingerprint: k.Fingerprint, CreatedAt: k.CreatedAt.UTC(), LastUsedAt: utc(k.LastUsedAt), User: k.User}
}

// NewKey is a key to add; the name defaults to the key's comment.
type NewKey struct {
	Value string `json:"value"`
	Name  string `json:"name,omitempty"`
}

// utc gives a time that may be missing the API's zone.
func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	in := at.UTC()
	return &in
}
