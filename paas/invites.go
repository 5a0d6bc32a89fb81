package paas

import "context"

// Invite lets one person register. With an address the link is mailed to it, and only it can register.
func (p *Platform) Invite(ctx context.Context, by User, wanted NewInvite) (Invite, Secret, error) {
	if wanted.Email != "" {
		if err := validateEmail(wanted.Email); err != nil {
			return Invite{}, "", err
		}
	}
	secret, nonce := newNonce(p.now())
	invite := Invite{
		ID: InviteID(newID()), Hash: nonce.Hash, Email: wanted.Email, Admin: wanted.Admin,
		By: by.Username, CreatedAt: nonce.At, ExpiresAt: nonce.At.Add(InviteLifetime),
	}
	var mails []Mail
	if wanted.Email != "" {
		mail := p.newMail(MailInvite, wanted.Email, "")
		mail.Token, mail.Until, mail.Detail = secret, invite.ExpiresAt, by.Username
		mails = append(mails, mail)
	}
	if err := p.Store.CreateInvite(ctx, invite, mails...); err != nil {
		return Invite{}, "", err
	}
	p.outbox.wake()
	return invite, secret, nil
}

// Invites lists the invitations that are open.
func (p *Platform) Invites(ctx context.Context) ([]Invite, error) { return p.Store.Invites(ctx) }

// Uninvite takes an invitation back.
func (p *Platform) Uninvite(ctx context.Context, id InviteID) error {
	return p.Store.DeleteInvite(ctx, id)
}
