package paas

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"
)

// maxHashing is how many argon2id computations run at a time: a core stays free for everybody else.
func maxHashing() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// CreateUser makes an account. Conflict with ETaken when the name or the address is somebody's.
func (p *Platform) CreateUser(ctx context.Context, account NewUser) (User, error) {
	if err := account.Validate(); err != nil {
		return User{}, err
	}
	hash, err := p.hash(ctx, account.Password)
	if err != nil {
		return User{}, err
	}
	now := p.now()
	user := User{
		ID: UserID(newID()), Username: account.Username, Email: account.Email, PasswordHash: hash,
		IsAdmin: account.IsAdmin, Verified: account.Verified, CreatedAt: now, UpdatedAt: now,
	}
	if err := p.Store.CreateUser(ctx, user, ""); err != nil {
		return User{}, err
	}
	p.Log.InfoContext(ctx, "account made", "user", user.Username, "admin", user.IsAdmin)
	return user, nil
}

// SetPassword gives a user a new password and ends all of the user's sessions.
func (p *Platform) SetPassword(ctx context.Context, username string, password Secret) error {
	if err := ValidatePassword(password); err != nil {
		return err
	}
	user, err := p.Store.UserByName(ctx, username)
	if err != nil {
		return err
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = p.Store.ChangeUser(ctx, user.ID, func(user *User) (Effects, error) {
		user.PasswordHash, user.PasswordNonce, user.UpdatedAt = hash, nil, p.now()
		return Effects{EndSessions: true}, nil
	})
	return err
}

// Users lists all accounts.
func (p *Platform) Users(ctx context.Context) ([]User, error) { return p.Store.Users(ctx) }

// errBadLogin is the one answer for every failed log-in.
var errBadLogin = Errorf(Unauthenticated, EBadLogin, "The e-mail address or the password is wrong.")

// nobody's hash makes a log-in with an unknown address cost what one with a known address does. It is
// of no password: computing one here would cost every start of the program, git's hook too, 50 ms.
var nobody = phc(make([]byte, argonSalt), make([]byte, argonKey))

// Login starts a session; every failure gives the same answer after the same work.
func (p *Platform) Login(ctx context.Context, email string, password Secret) (Session, User, error) {
	user, err := p.Store.UserByEmail(ctx, strings.TrimSpace(email))
	unknown := IsKind(err, NotFound)
	if err != nil && !unknown {
		return Session{}, User{}, err
	}
	if unknown {
		user.PasswordHash = nobody
	}
	right, err := p.checkPassword(ctx, user.PasswordHash, password)
	if err != nil {
		return Session{}, User{}, err
	}
	if unknown || !right || !user.Verified {
		return Session{}, User{}, errBadLogin
	}
	now := p.now()
	session := Session{ID: SessionID(newID()), User: user.ID, CreatedAt: now, ExpiresAt: now.Add(SessionLifetime)}
	if err := p.Store.CreateSession(ctx, session); err != nil {
		return Session{}, User{}, err
	}
	return session, user, nil
}

// Session returns who a session belongs to, read from the store; Unauthenticated when it has ended.
func (p *Platform) Session(ctx context.Context, id SessionID) (User, error) {
	_, user, err := p.Store.Session(ctx, id)
	if IsKind(err, NotFound) {
		return User{}, Errorf(Unauthenticated, ENotLoggedIn, "You are not logged in, or your session has ended: log in again.")
	}
	return user, err
}

// Logout ends a session at once.
func (p *Platform) Logout(ctx context.Context, id SessionID) error {
	return p.Store.DeleteSession(ctx, id)
}

func (p *Platform) hash(ctx context.Context, password Secret) (Secret, error) {
	if err := p.enterHashing(ctx); err != nil {
		return "", err
	}
	defer func() { <-p.hashing }()
	return HashPassword(password), nil
}

func (p *Platform) checkPassword(ctx context.Context, hash, password Secret) (bool, error) {
	if err := p.enterHashing(ctx); err != nil {
		return false, err
	}
	defer func() { <-p.hashing }()
	if len(password.Reveal()) > MaxPassword {
		password = ""
	}
	return CheckPassword(hash, password), nil
}

func (p *Platform) enterHashing(ctx context.Context) error {
	select {
	case p.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for password hashing: %w", context.Cause(ctx))
	}
}

// forgetSessions removes ended sessions once an hour.
func (p *Platform) forgetSessions(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := p.Store.DeleteSessionsBefore(ctx, p.now()); err != nil && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "remove ended sessions", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
