package paas

import (
	"context"
	"net/netip"
	"strings"
	"time"
)

// Registration says who may make an account over the API.
type Registration string

// The modes of registration. While nobody is an administrator yet RegistrationInvite means closed:
// the first account is made on the host.
const (
	RegistrationOpen   Registration = "open"
	RegistrationInvite Registration = "invite" // whoever an administrator has invited
	RegistrationClosed Registration = "closed"
)

// Accounts are the rules for making accounts.
type Accounts struct {
	Registration  Registration               // default RegistrationInvite
	UnverifiedTTL time.Duration              // accounts not verified by then are removed; default 7 days
	Challenge     Challenge                  // asked of whoever registers; nil asks nothing
	IsCommon      func(password string) bool // tells passwords that attackers try first; nil knows none
}

// Challenge is work asked of whoever registers, to make it dear in bulk.
type Challenge interface {
	// Pose makes a new one.
	Pose() Puzzle

	// Check accepts each solution once; otherwise it is Invalid with EChallenge.
	Check(answer string) error
}

// Puzzle is a challenge posed: find a text x so that SHA-256 of Text + "." + x begins with Bits zero
// bits; the answer is Text + "." + x.
type Puzzle struct {
	Text  string
	Bits  int
	Until time.Time
}

// Registrant is somebody who wants an account.
type Registrant struct {
	NewUser
	Invite    Secret // of the link an administrator gave away
	Challenge string // the answer to a Puzzle
	From      netip.Addr
}

// Registration is the mode that holds now.
func (p *Platform) Registration(ctx context.Context) (Registration, error) {
	mode := p.Accounts.Registration
	if mode != RegistrationInvite {
		return mode, nil
	}
	any, err := p.anyAdmin(ctx)
	if !any {
		mode = RegistrationClosed
	}
	return mode, err
}

// Puzzle poses the challenge that registering asks for; there may be none.
func (p *Platform) Puzzle() (Puzzle, bool) {
	if p.Accounts.Challenge == nil {
		return Puzzle{}, false
	}
	return p.Accounts.Challenge.Pose(), true
}

// Register makes an account that waits for its address to be confirmed, and mails the link for that.
// Whether the address has an account already shows in the mail alone, which goes to its owner.
// Conflict with ETaken when the username is somebody's.
func (p *Platform) Register(ctx context.Context, r Registrant) (User, error) {
	if err := p.limits.registrations.take(source(r.From)); err != nil {
		return User{}, err
	}
	if err := p.checkAccount(r.NewUser); err != nil {
		return User{}, err
	}
	invite, err := p.admission(ctx, r)
	if err != nil {
		return User{}, err
	}
	taken, err := p.addressTaken(ctx, &r.Email)
	if err != nil {
		return User{}, err
	}
	hash, err := p.hash(ctx, r.Password)
	if err != nil {
		return User{}, err
	}
	user := p.newUser(r.NewUser, hash)
	user.IsAdmin = invite.Admin
	user.Verified = invite.Email != "" || invite.Admin
	mails := p.welcome(&user, taken)
	if err := p.Store.CreateUser(ctx, user, invite.ID, mails...); err != nil {
		if IsKind(err, NotFound) {
			return User{}, errInvite
		}
		return User{}, err
	}
	p.outbox.wake()
	p.Log.InfoContext(ctx, "account registered", "user", user.Username)
	return user, nil
}

var errInvite = Errorf(Forbidden, EInvite, "Registration is by invitation here, and this invitation is missing, used or expired. Ask an administrator for one.")

// admission decides whether somebody may register; the invite is empty when none is needed.
func (p *Platform) admission(ctx context.Context, r Registrant) (Invite, error) {
	mode, err := p.Registration(ctx)
	if err != nil {
		return Invite{}, err
	}
	invite, known := Invite{}, false
	if r.Invite != "" {
		if invite, err = p.Store.InviteByHash(ctx, hashNonce(r.Invite)); err != nil && !IsKind(err, NotFound) {
			return Invite{}, err
		}
		known = err == nil && p.now().Before(invite.ExpiresAt)
	}
	if mode == RegistrationClosed && !(known && invite.Admin) {
		return Invite{}, Errorf(Forbidden, EClosed, "Registration is closed here: ask the administrator for an account (`paastech admin users create` on the host).")
	}
	if p.Accounts.Challenge != nil {
		if err := p.Accounts.Challenge.Check(r.Challenge); err != nil {
			return Invite{}, err
		}
	}
	if r.Invite == "" && mode == RegistrationOpen {
		return Invite{}, nil
	}
	switch {
	case !known:
		return Invite{}, errInvite
	case invite.Email != "" && !strings.EqualFold(invite.Email, r.Email):
		return Invite{}, InvalidField("email", "This invitation is for another e-mail address.")
	}
	return invite, nil
}

// welcome is the mail that a new account begins with; one whose address is proven needs none.
func (p *Platform) welcome(user *User, taken bool) []Mail {
	if user.Verified {
		return nil
	}
	secret, nonce := newNonce(p.now())
	user.EmailNonce = &nonce
	if taken {
		return []Mail{p.newMail(MailRegistered, user.Email, "")}
	}
	return []Mail{p.confirmation(*user, secret)}
}

func (p *Platform) confirmation(user User, secret Secret) Mail {
	mail := p.newMail(MailConfirm, user.Email, user.Username)
	mail.Token, mail.Until = secret, user.EmailNonce.At.Add(p.Accounts.UnverifiedTTL)
	return mail
}

var errBadLink = Errorf(Invalid, EBadLink, "This link is wrong, used or too old. Ask for a new one.")

// Confirm verifies the address that a link was mailed to: a new account's, or an account's new one.
func (p *Platform) Confirm(ctx context.Context, token Secret) (User, error) {
	hash := hashNonce(token)
	user, err := p.Store.UserByNonce(ctx, hash)
	if IsKind(err, NotFound) {
		return User{}, errBadLink
	}
	if err != nil {
		return User{}, err
	}
	confirmed, err := p.Store.ChangeUser(ctx, user.ID, func(user *User) (Effects, error) {
		now := p.now()
		user.UpdatedAt = now
		switch {
		case user.EmailNonce.good(hash, p.Accounts.UnverifiedTTL, now):
			user.Verified, user.EmailNonce = true, nil
			return Effects{}, nil
		case user.PendingNonce.good(hash, AddressLifetime, now):
			notice := p.newMail(MailAddressChanged, user.Email, user.Username)
			notice.Detail = user.PendingEmail
			user.Email, user.PendingEmail, user.PendingNonce, user.PasswordNonce = user.PendingEmail, "", nil, nil
			return Effects{Mails: []Mail{notice}}, nil
		}
		return Effects{}, errBadLink
	})
	if IsKind(err, Conflict) {
		return User{}, Errorf(Conflict, ETaken, "This e-mail address belongs to another account by now.")
	}
	p.outbox.wake()
	return confirmed, err
}

// AskConfirmation asks for the confirmation mail again; whether there is an account to confirm shows
// in nothing but the mail.
func (p *Platform) AskConfirmation(ctx context.Context, email string, from netip.Addr) error {
	return p.ask(ctx, MailConfirmAsked, email, from)
}

// AskReset asks for a link to choose a new password; only the newest works, for ResetLifetime.
func (p *Platform) AskReset(ctx context.Context, email string, from netip.Addr) error {
	return p.ask(ctx, MailResetAsked, email, from)
}

func (p *Platform) ask(ctx context.Context, kind MailKind, email string, from netip.Addr) error {
	email = strings.TrimSpace(email)
	if err := validateEmail(email); err != nil {
		return err
	}
	if err := p.limits.mailAddress.take(source(from)); err != nil {
		return err
	}
	if err := p.limits.mailAccount.take(string(kind) + " " + strings.ToLower(email)); err != nil {
		return err
	}
	if err := p.Store.EnqueueMail(ctx, p.newMail(kind, email, "")); err != nil {
		return err
	}
	p.outbox.wake()
	return nil
}

// Reset gives the account that a link was mailed to a new password, and ends all its sessions.
func (p *Platform) Reset(ctx context.Context, token, password Secret) error {
	hash := hashNonce(token)
	user, err := p.Store.UserByNonce(ctx, hash)
	if IsKind(err, NotFound) || err == nil && !user.PasswordNonce.good(hash, ResetLifetime, p.now()) {
		return errBadLink
	}
	if err != nil {
		return err
	}
	return p.replacePassword(ctx, user.ID, password, func(user *User) error {
		if !user.PasswordNonce.good(hash, ResetLifetime, p.now()) {
			return errBadLink
		}
		return nil
	})
}
