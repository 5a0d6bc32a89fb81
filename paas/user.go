package paas

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
)

// UserID identifies a user: a UUIDv4.
type UserID string

// User is an account. Its password is kept as an argon2id hash in PHC format.
type User struct {
	ID           UserID
	Username     string
	Email        string
	PasswordHash Secret
	IsAdmin      bool
	Verified     bool // the address has been confirmed; accounts made on the host are
	CreatedAt    time.Time
	UpdatedAt    time.Time

	EmailNonce    *Nonce      // the link that confirms Email, while it is not verified
	PasswordNonce *Nonce      // the link that resets the password
	PendingEmail  string      // a new address that waits for its confirmation
	PendingNonce  *Nonce      // the link that confirms it
	Limits        *UserLimits // an administrator's exception from the usual ones
}

// NewUser is what an account is made from.
type NewUser struct {
	Username string
	Email    string
	Password Secret
	IsAdmin  bool
}

// Bounds of the account fields (API.md, "Rules for input").
const (
	MinUsername, MaxUsername = 3, 40
	MaxEmail                 = 100
	MinPassword, MaxPassword = 8, 256
)

// UsernamePattern is what usernames look like.
const UsernamePattern = `^[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]$`

var (
	username = regexp.MustCompile(UsernamePattern)
	// Names that would look like a part of the platform, in a path or a git address.
	reservedUsernames = []string{"admin", "administrator", "api", "git", "login", "logout", "my", "paastech", "register", "root", "system", "www"}
)

// Validate checks an account's fields against the rules for input.
func (u NewUser) Validate() error {
	if err := validateUsername(u.Username); err != nil {
		return err
	}
	if err := validateEmail(u.Email); err != nil {
		return err
	}
	return ValidatePassword(u.Password)
}

func validateUsername(name string) error {
	switch {
	case len(name) < MinUsername || len(name) > MaxUsername || !username.MatchString(name):
		return InvalidField("username", "A username has %d to %d letters, digits, - or _, begins with a letter and ends with a letter or digit.", MinUsername, MaxUsername)
	case slices.Contains(reservedUsernames, strings.ToLower(name)):
		return InvalidField("username", "The username %q is reserved; choose another.", name)
	}
	return nil
}

func validateEmail(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > MaxEmail || strings.ContainsAny(address, " \t\r\n") {
		return InvalidField("email", "This is not an e-mail address of at most %d characters, like ada@example.com.", MaxEmail)
	}
	return nil
}
