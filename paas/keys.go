package paas

import (
	"context"

	"golang.org/x/crypto/ssh"
)

// AddKey gives a user one more SSH key. Conflict when the key is registered already, for anyone.
func (p *Platform) AddKey(ctx context.Context, user UserID, value, name string) (SSHKey, error) {
	key, err := ParseSSHKey(value, name)
	if err != nil {
		return SSHKey{}, err
	}
	key.ID, key.User, key.CreatedAt = KeyID(newID()), user, p.now()
	err = p.Store.CreateKey(ctx, key)
	if IsKind(err, Conflict) {
		return SSHKey{}, Errorf(Conflict, ETaken, "The key %s is registered already. If it is not in your list, it is another account's: make a new one with ssh-keygen -t ed25519.", key.Fingerprint)
	}
	return key, err
}

// Keys lists a user's SSH keys, oldest first.
func (p *Platform) Keys(ctx context.Context, user UserID) ([]SSHKey, error) {
	return p.Store.Keys(ctx, user)
}

// AllKeys lists everybody's SSH keys.
func (p *Platform) AllKeys(ctx context.Context) ([]SSHKey, error) { return p.Store.AllKeys(ctx) }

// RemoveKey takes a key from its user; open connections that used it end with their command.
func (p *Platform) RemoveKey(ctx context.Context, user UserID, id KeyID) error {
	return p.Store.DeleteKey(ctx, user, id)
}

// UserOfKey tells whose key this is, NotFound when nobody's. The key must have signed.
func (p *Platform) UserOfKey(ctx context.Context, key ssh.PublicKey) (User, SSHKey, error) {
	stored, err := p.Store.KeyByFingerprint(ctx, ssh.FingerprintSHA256(key))
	if err != nil {
		return User{}, SSHKey{}, err
	}
	user, err := p.Store.User(ctx, stored.User)
	return user, stored, err
}

// TouchKey records that a key was used.
func (p *Platform) TouchKey(ctx context.Context, id KeyID) error {
	return p.Store.TouchKey(ctx, id, p.now())
}
