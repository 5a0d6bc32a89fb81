package paas

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"time"
)

// LoginAttempt is somebody who wants in.
type LoginAttempt struct {
	Email    string
	Password Secret
	From     netip.Addr
	Agent    string // what the program that asks calls itself
}

// errBadLogin is the one answer for every failed log-in.
var errBadLogin = Errorf(Unauthenticated, EBadLogin, "The e-mail address or the password is wrong.")

// nobody's hash makes a log-in with an unknown address cost what one with a known address does. It is
// of no password: computing one here would cost every start of the program, git's hook too, 50 ms.
var nobody = phc(make([]byte, argonSalt), make([]byte, argonKey))

// Login starts a session; every failure gives the same answer after the same work.
func (p *Platform) Login(ctx context.Context, attempt LoginAttempt) (Session, User, error) {
	email := strings.TrimSpace(attempt.Email)
	address := source(attempt.From)
	pair := strings.ToLower(email) + " " + address
	if err := p.limits.loginPair.take(pair); err != nil {
		return Session{}, User{}, err
	}
	if err := p.limits.loginAddress.take(address); err != nil {
		return Session{}, User{}, err
	}
	user, err := p.authenticate(ctx, email, attempt.Password)
	if err == nil || !IsCode(err, EBadLogin) {
		p.limits.loginPair.giveBack(pair)
		p.limits.loginAddress.giveBack(address)
	}
	if err != nil {
		return Session{}, User{}, err
	}
	session, err := p.begin(ctx, user, NewOrigin(attempt.From, attempt.Agent))
	return session, user, err
}

func (p *Platform) authenticate(ctx context.Context, email string, password Secret) (User, error) {
	user, err := p.Store.UserByEmail(ctx, email)
	unknown := IsKind(err, NotFound)
	if err != nil && !unknown {
		return User{}, err
	}
	if unknown {
		user.PasswordHash = nobody
	}
	right, err := p.checkPassword(ctx, user.PasswordHash, password)
	if err != nil {
		return User{}, err
	}
	if unknown || !right || !user.Verified {
		return User{}, errBadLogin
	}
	return p.upgradeHash(ctx, user, password), nil
}

// upgradeHash hashes a right password again when its hash was made with weaker parameters than
// today's (ASVS 11.4.2). The log-in does not depend on it.
func (p *Platform) upgradeHash(ctx context.Context, user User, password Secret) User {
	if !weakHash(user.PasswordHash) {
		return user
	}
	hash, err := p.hash(ctx, password)
	if err == nil {
		old := user.PasswordHash
		user, err = p.Store.ChangeUser(ctx, user.ID, func(user *User) (Effects, error) {
			if user.PasswordHash == old {
				user.PasswordHash = hash
			}
			return Effects{}, nil
		})
	}
	if err != nil {
		p.Log.WarnContext(ctx, "upgrade a password's hash", "user", user.Username, "error", err)
	}
	return user
}

// begin starts a session for a user who has just proven who they are.
func (p *Platform) begin(ctx context.Context, user User, origin Origin) (Session, error) {
	now := p.now()
	session := Session{ID: SessionID(newID()), User: user.ID, Origin: origin, CreatedAt: now, ExpiresAt: now.Add(SessionLifetime)}
	return session, p.Store.CreateSession(ctx, session)
}

// Renew starts a new session for a user whose own act has just ended all the others.
func (p *Platform) Renew(ctx context.Context, user User, origin Origin) (Session, error) {
	return p.begin(ctx, user, origin)
}

// Session returns who a session belongs to, as the store has it now; Unauthenticated when it has ended.
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

// maxHashing is how many argon2id computations run at a time: a core stays free for everybody else.
func maxHashing() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// maxWaiting bounds how many log-ins wait for their turn: at some 30 ms each, about ten seconds' worth.
const maxWaiting = 300

func (p *Platform) hash(ctx context.Context, password Secret) (Secret, error) {
	if err := p.enterHashing(ctx); err != nil {
		return "", err
	}
	defer p.leaveHashing()
	return HashPassword(password), nil
}

func (p *Platform) checkPassword(ctx context.Context, hash, password Secret) (bool, error) {
	if err := p.enterHashing(ctx); err != nil {
		return false, err
	}
	defer p.leaveHashing()
	if ValidatePassword(password) != nil {
		password = "" // nobody's, and bounded
	}
	return CheckPassword(hash, password), nil
}

func (p *Platform) enterHashing(ctx context.Context) error {
	if p.waiting.Add(1) > maxWaiting {
		p.waiting.Add(-1)
		busy := Errorf(Unavailable, EUnavailable, "Too many people are logging in at the moment. Try again in a few seconds.")
		busy.RetryAfter = 5 * time.Second
		return busy
	}
	select {
	case p.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		p.waiting.Add(-1)
		return fmt.Errorf("wait for password hashing: %w", context.Cause(ctx))
	}
}

func (p *Platform) leaveHashing() {
	<-p.hashing
	p.waiting.Add(-1)
	select {
	case p.hashed <- struct{}{}:
	default:
	}
}
