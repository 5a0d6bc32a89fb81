package paas

import (
	"context"
	"net/netip"
	"sync/atomic"
)

// CreateUser makes an account on behalf of the host or an administrator. Conflict with ETaken when
// the name or the address is somebody's.
func (p *Platform) CreateUser(ctx context.Context, account NewUser) (User, error) {
	if err := p.checkAccount(account); err != nil {
		return User{}, err
	}
	hash, err := p.hash(ctx, account.Password)
	if err != nil {
		return User{}, err
	}
	user := p.newUser(account, hash)
	user.IsAdmin, user.Verified = account.IsAdmin, true
	if err := p.Store.CreateUser(ctx, user, ""); err != nil {
		return User{}, err
	}
	p.Log.InfoContext(ctx, "account made", "user", user.Username, "admin", user.IsAdmin)
	return user, nil
}

func (p *Platform) checkAccount(account NewUser) error {
	if err := account.Validate(); err != nil {
		return err
	}
	return p.checkPasswordChoice(account.Password)
}

func (p *Platform) newUser(account NewUser, hash Secret) User {
	now := p.now()
	return User{
		ID: UserID(newID()), Username: account.Username, Email: account.Email, PasswordHash: hash, CreatedAt: now, UpdatedAt: now,
	}
}

// checkPasswordChoice refuses passwords of a wrong length and those that attackers try first.
func (p *Platform) checkPasswordChoice(password Secret) error {
	if err := ValidatePassword(password); err != nil {
		return err
	}
	if p.Accounts.IsCommon != nil && p.Accounts.IsCommon(password.Reveal()) {
		return InvalidField("password", "This password is one of the commonest; attackers try it first. Choose another.")
	}
	return nil
}

// SetPassword gives a user a new password, on behalf of the host, and ends all of the user's sessions.
func (p *Platform) SetPassword(ctx context.Context, username string, password Secret) error {
	user, err := p.UserByName(ctx, username)
	if err != nil {
		return err
	}
	return p.replacePassword(ctx, user.ID, password, func(*User) error { return nil })
}

// replacePassword checks and hashes the new password outside, and looks again inside the transaction
// whether it may be set.
func (p *Platform) replacePassword(ctx context.Context, id UserID, password Secret, may func(*User) error) error {
	if err := p.checkPasswordChoice(password); err != nil {
		return err
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = p.Store.ChangeUser(ctx, id, func(user *User) (Effects, error) {
		if err := may(user); err != nil {
			return Effects{}, err
		}
		user.PasswordHash, user.PasswordNonce, user.UpdatedAt = hash, nil, p.now()
		notice := p.newMail(MailPassword, user.Email, user.Username)
		return Effects{EndSessions: true, Mails: []Mail{notice}}, nil
	})
	p.outbox.wake()
	return err
}

// Users lists all accounts.
func (p *Platform) Users(ctx context.Context) ([]User, error) { return p.Store.Users(ctx) }

// UserByName finds an account for an administrator.
func (p *Platform) UserByName(ctx context.Context, username string) (User, error) {
	user, err := p.Store.UserByName(ctx, username)
	if IsKind(err, NotFound) {
		return User{}, Errorf(NotFound, ENotFound, "There is no account with this username.")
	}
	return user, err
}

// SetAdmin gives or takes an administrator's rights; whoever loses them is logged out everywhere.
func (p *Platform) SetAdmin(ctx context.Context, username string, admin bool) (User, error) {
	user, err := p.UserByName(ctx, username)
	if err != nil {
		return User{}, err
	}
	if err := p.Store.SetAdmin(ctx, user.ID, admin); err != nil {
		return User{}, err
	}
	return p.Store.User(ctx, user.ID)
}

// SetLimits gives a user limits of their own; nil takes them back to the usual ones.
func (p *Platform) SetLimits(ctx context.Context, username string, limits *UserLimits) (User, error) {
	user, err := p.UserByName(ctx, username)
	if err != nil {
		return User{}, err
	}
	if limits != nil {
		if err := limits.Validate(); err != nil {
			return User{}, err
		}
	}
	return p.Store.ChangeUser(ctx, user.ID, func(user *User) (Effects, error) {
		user.Limits, user.UpdatedAt = limits, p.now()
		return Effects{}, nil
	})
}

// ProfileChange is what a user may change of their own account; nil leaves a field as it is. A new
// address needs the password, and counts once it is confirmed.
type ProfileChange struct {
	Username *string
	Email    *string
	Password Secret
	From     netip.Addr
}

// ChangeProfile changes a user's own account.
func (p *Platform) ChangeProfile(ctx context.Context, user User, change ProfileChange) (User, error) {
	if change.Username != nil {
		if err := validateUsername(*change.Username); err != nil {
			return User{}, err
		}
	}
	newAddress := change.Email != nil && *change.Email != user.Email
	if newAddress {
		if err := validateEmail(*change.Email); err != nil {
			return User{}, err
		}
		if err := p.confirmPassword(ctx, user, change.Password, change.From); err != nil {
			return User{}, err
		}
		if err := p.limits.mailAccount.take(string(user.ID)); err != nil {
			return User{}, err
		}
	}
	taken, err := p.addressTaken(ctx, change.Email)
	if err != nil {
		return User{}, err
	}
	changed, err := p.Store.ChangeUser(ctx, user.ID, func(user *User) (Effects, error) {
		user.UpdatedAt = p.now()
		if change.Username != nil {
			user.Username = *change.Username
		}
		if !newAddress {
			return Effects{}, nil
		}
		return p.awaitAddress(user, *change.Email, taken), nil
	})
	p.outbox.wake()
	return changed, err
}

func (p *Platform) addressTaken(ctx context.Context, email *string) (bool, error) {
	if email == nil {
		return false, nil
	}
	_, err := p.Store.UserByEmail(ctx, *email)
	if IsKind(err, NotFound) {
		return false, nil
	}
	return err == nil, err
}

// awaitAddress notes a new address until it is confirmed. An address that is somebody's is noted as
// well, and told so by mail: the answer must not say who has an account.
func (p *Platform) awaitAddress(user *User, email string, taken bool) Effects {
	secret, nonce := newNonce(p.now())
	user.PendingEmail, user.PendingNonce = email, &nonce
	mail := p.newMail(MailAddress, email, user.Username)
	mail.Token, mail.Until = secret, nonce.At.Add(AddressLifetime)
	if taken {
		mail = p.newMail(MailRegistered, email, "")
	}
	return Effects{Mails: []Mail{mail}}
}

// ChangePassword replaces a user's own password and ends all of the user's sessions.
func (p *Platform) ChangePassword(ctx context.Context, user User, current, password Secret, from netip.Addr) error {
	if err := p.checkPasswordChoice(password); err != nil {
		return err
	}
	if err := p.confirmPassword(ctx, user, current, from); err != nil {
		return err
	}
	return p.replacePassword(ctx, user.ID, password, func(now *User) error {
		if now.PasswordHash != user.PasswordHash {
			return Errorf(Conflict, EConflict, "The password was changed at the same time. Log in again.")
		}
		return nil
	})
}

// confirmPassword asks for the password again before what a stolen session should not be able to do.
func (p *Platform) confirmPassword(ctx context.Context, user User, password Secret, from netip.Addr) error {
	key := string(user.ID) + " " + source(from)
	if err := p.limits.loginPair.take(key); err != nil {
		return err
	}
	right, err := p.checkPassword(ctx, user.PasswordHash, password)
	if err != nil {
		return err
	}
	if !right {
		return &Error{Kind: Forbidden, Code: EBadLogin, Message: "The current password is wrong.", Details: []Detail{{"currentPassword", "The current password is wrong."}}}
	}
	p.limits.loginPair.giveBack(key)
	return nil
}

// hasAdmin remembers that there is an administrator: the last one never goes.
type hasAdmin struct{ seen atomic.Bool }

func (p *Platform) anyAdmin(ctx context.Context) (bool, error) {
	if p.admins.seen.Load() {
		return true, nil
	}
	users, err := p.Store.Users(ctx)
	for _, user := range users {
		if user.IsAdmin {
			p.admins.seen.Store(true)
			return true, nil
		}
	}
	return false, err
}
