package gitserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	// maxKeys is how many keys a client may try: agents hold many, and offer them in any order.
	maxKeys = 24
	// maxBanners is how many of them are named when they are not known.
	maxBanners = 3
)

// keyTypes are the signatures that are accepted: those of paas.CheckKey, RSA without SHA-1.
var keyTypes = []string{
	gossh.KeyAlgoED25519, gossh.KeyAlgoSKED25519,
	gossh.KeyAlgoECDSA256, gossh.KeyAlgoECDSA384, gossh.KeyAlgoECDSA521, gossh.KeyAlgoSKECDSA256,
	gossh.KeyAlgoRSASHA512, gossh.KeyAlgoRSASHA256,
}

// identity is who has proved to hold a key. It is made from the key that signed, not from one that
// was merely offered (CVE-2024-45337), and travels with the connection's permissions.
type identity struct {
	user paas.User
	key  paas.SSHKey
}

type identityKey struct{}

func identityOf(conn *gossh.ServerConn) (identity, bool) {
	if conn.Permissions == nil {
		return identity{}, false
	}
	who, ok := conn.Permissions.ExtraData[identityKey{}].(identity)
	return who, ok
}

// login is one connection's way from the exchanged keys to an identity. The SSH library calls it from
// one goroutine.
type login struct {
	server  *Server
	ctx     ssh.Context
	banner  func(string) error
	banners int
}

type loginKey struct{}

// config is asked for once a connection, before anything is read from it.
func (s *Server) config(ctx ssh.Context) *gossh.ServerConfig {
	l := &login{server: s, ctx: ctx, banner: func(string) error { return nil }}
	ctx.SetValue(loginKey{}, l)
	return &gossh.ServerConfig{
		MaxAuthTries:            maxKeys,
		PublicKeyAuthAlgorithms: keyTypes,
		PreAuthConnCallback: func(conn gossh.ServerPreAuthConn) {
			l.banner = conn.SendAuthBanner
			guardOf(ctx).expire(s.options.LoginTimeout) // a passphrase may have to be typed
		},
		VerifiedPublicKeyCallback: l.signed,
	}
}

// offered tells whether a client may sign with a key. It says nothing yet about who the client is.
func (s *Server) offered(ctx ssh.Context, key ssh.PublicKey) bool {
	l := ctx.Value(loginKey{}).(*login)
	if err := paas.CheckKey(key); err != nil {
		l.say("The key %s is not accepted: %s", gossh.FingerprintSHA256(key), paas.Public(err).Message)
		return false
	}
	_, _, err := s.platform.UserOfKey(ctx, key)
	switch {
	case paas.IsKind(err, paas.NotFound):
		l.say("The key %s is not known here. To add it: paastech keys add FILE.pub", gossh.FingerprintSHA256(key))
	case err != nil:
		s.log.ErrorContext(ctx, "look up an SSH key", "error", err)
		l.say("Keys cannot be looked up at the moment; try again soon.")
	}
	return err == nil
}

func (l *login) say(format string, args ...any) {
	if l.banners++; l.banners > maxBanners {
		return
	}
	if err := l.banner("paastech: " + fmt.Sprintf(format, args...) + "\r\n"); err != nil {
		l.server.log.DebugContext(l.ctx, "send SSH banner", "error", err)
	}
}

// signed is told the one key whose signature was verified.
func (l *login) signed(_ gossh.ConnMetadata, key gossh.PublicKey, _ *gossh.Permissions, _ string) (*gossh.Permissions, error) {
	user, stored, err := l.server.platform.UserOfKey(l.ctx, key)
	if err != nil {
		return nil, fmt.Errorf("look up the key that signed: %w", err)
	}
	guardOf(l.ctx).expire(connectionIdle)
	return &gossh.Permissions{ExtraData: map[any]any{identityKey{}: identity{user: user, key: stored}}}, nil
}

// keyOf is the fingerprint of the key that opened a connection.
func keyOf(conn *gossh.ServerConn) string {
	who, _ := identityOf(conn)
	return who.key.Fingerprint
}

// confirm reads the identity of a session afresh: a key that was removed opens no new session on a
// connection that is still there.
func (s *Server) confirm(ctx context.Context, conn *gossh.ServerConn) (paas.User, error) {
	who, ok := identityOf(conn)
	if !ok {
		return paas.User{}, errors.New("a session without an identity")
	}
	key, _, _, _, err := gossh.ParseAuthorizedKey([]byte(who.key.Value))
	if err != nil {
		return paas.User{}, fmt.Errorf("read stored key %s: %w", who.key.ID, err)
	}
	user, stored, err := s.platform.UserOfKey(ctx, key)
	if err == nil && (user.ID != who.user.ID || stored.ID != who.key.ID) {
		err = paas.Errorf(paas.NotFound, paas.ENotFound, "the key belongs to another account now")
	}
	if paas.IsKind(err, paas.NotFound) {
		return paas.User{}, paas.Errorf(paas.Unauthenticated, paas.ENotLoggedIn, "The key %s is not known here any more.", who.key.Fingerprint)
	}
	if err != nil {
		return paas.User{}, err
	}
	if err := s.platform.TouchKey(ctx, stored.ID); err != nil {
		s.log.WarnContext(ctx, "record the use of a key", "key", stored.ID, "error", err)
	}
	return user, nil
}
