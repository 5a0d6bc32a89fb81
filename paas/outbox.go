package paas

import (
	"context"
	"time"
)

// The outbox tries a mail again after a minute, then twice as long each time, and gives up in about two days.
const (
	firstRetry    = time.Minute
	longestRetry  = 4 * time.Hour
	mostAttempts  = 20
	outboxEvery   = 30 * time.Second
	outboxBatch   = 50
	outboxPause   = 100 * time.Millisecond
	sendTimeout   = time.Minute
	keepMails     = 30 * 24 * time.Hour // those caught or given up
	maxMailErrors = 500                 // characters of an error that are kept
)

// outbox wakes the loop that delivers.
type outbox struct{ woken chan struct{} }

func newOutbox() outbox { return outbox{make(chan struct{}, 1)} }

func (o outbox) wake() {
	select {
	case o.woken <- struct{}{}:
	default:
	}
}

func (p *Platform) newMail(kind MailKind, to, username string) Mail {
	now := p.now()
	return Mail{ID: MailID(newID()), Kind: kind, To: to, Username: username, State: MailQueued, NextAt: now, CreatedAt: now}
}

// deliverLoop works off the outbox whenever a mail is put in, and now and then for those to be tried again.
func (p *Platform) deliverLoop(ctx context.Context) error {
	tick := time.NewTicker(outboxEvery)
	defer tick.Stop()
	for {
		if err := p.deliverDue(ctx); err != nil && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "work off the outbox", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.outbox.woken:
			// Not at once: this work must not slow down the answer to whoever asked for a mail, which
			// would tell them by its time that there is an account.
			pause(ctx, outboxPause)
		case <-tick.C:
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (p *Platform) deliverDue(ctx context.Context) error {
	for ctx.Err() == nil {
		mails, err := p.Store.DueMails(ctx, p.now(), outboxBatch)
		if err != nil || len(mails) == 0 {
			return err
		}
		for _, mail := range mails {
			if err := p.dispatch(ctx, mail); err != nil {
				return err
			}
		}
	}
	return nil
}

// dispatch brings one mail a step further. Its error is the store's; a mail server's is kept with the mail.
func (p *Platform) dispatch(ctx context.Context, mail Mail) error {
	switch {
	case mail.Kind == MailConfirmAsked:
		return p.answerConfirmAsked(ctx, mail)
	case mail.Kind == MailResetAsked:
		return p.answerResetAsked(ctx, mail)
	case p.Mailer.Catches():
		mail.State = MailCaught
		return p.Store.UpdateMail(ctx, mail)
	}
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err := p.Mailer.Send(sending, mail)
	if err == nil {
		return p.Store.DeleteMail(ctx, mail.ID)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.retryMail(ctx, mail, err)
}

func (p *Platform) retryMail(ctx context.Context, mail Mail, cause error) error {
	mail.Attempts++
	mail.LastError = truncate(cause.Error(), maxMailErrors)
	wait := min(firstRetry<<min(mail.Attempts-1, 16), longestRetry)
	mail.NextAt = p.now().Add(wait)
	if IsKind(cause, Rejected) || mail.Attempts >= mostAttempts {
		mail.State = MailFailed
	}
	p.Log.WarnContext(ctx, "a mail was not delivered", "mail", mail.ID, "kind", mail.Kind, "attempt", mail.Attempts, "state", mail.State, "error", cause)
	return p.Store.UpdateMail(ctx, mail)
}

// answerResetAsked makes the link, when there is an account, and the mail that carries it.
func (p *Platform) answerResetAsked(ctx context.Context, asked Mail) error {
	user, err := p.Store.UserByEmail(ctx, asked.To)
	if err != nil {
		return p.dropAsked(ctx, asked, err)
	}
	_, err = p.Store.ChangeUser(ctx, user.ID, func(user *User) (Effects, error) {
		secret, nonce := newNonce(p.now())
		user.PasswordNonce = &nonce
		mail := p.newMail(MailReset, user.Email, user.Username)
		mail.Token, mail.Until = secret, nonce.At.Add(ResetLifetime)
		return Effects{Mails: []Mail{mail}, Done: asked.ID}, nil
	})
	return err
}

func (p *Platform) answerConfirmAsked(ctx context.Context, asked Mail) error {
	taken, err := p.addressTaken(ctx, &asked.To)
	if err != nil || taken {
		return p.dropAsked(ctx, asked, err)
	}
	user, err := p.Store.UnverifiedUser(ctx, asked.To)
	if err != nil {
		return p.dropAsked(ctx, asked, err)
	}
	_, err = p.Store.ChangeUser(ctx, user.ID, func(user *User) (Effects, error) {
		if user.Verified {
			return Effects{Done: asked.ID}, nil
		}
		secret, nonce := newNonce(p.now())
		user.EmailNonce = &nonce
		return Effects{Mails: []Mail{p.confirmation(*user, secret)}, Done: asked.ID}, nil
	})
	return err
}

// dropAsked ends a request that there is nothing to do for.
func (p *Platform) dropAsked(ctx context.Context, asked Mail, err error) error {
	if err != nil && !IsKind(err, NotFound) {
		return err
	}
	return p.Store.DeleteMail(ctx, asked.ID)
}

// Mails lists what the outbox keeps, newest first, for administrators.
func (p *Platform) Mails(ctx context.Context) ([]Mail, error) {
	return p.Store.Mails(ctx, 200)
}

// Mail reads one kept mail as its receiver would see it.
func (p *Platform) Mail(ctx context.Context, id MailID) (Mail, Message, error) {
	mail, err := p.Store.Mail(ctx, id)
	if err != nil {
		return Mail{}, Message{}, err
	}
	if mail.Kind == MailConfirmAsked || mail.Kind == MailResetAsked {
		return mail, Message{Subject: "(being prepared)"}, nil
	}
	message, err := p.Mailer.Render(mail)
	return mail, message, err
}
