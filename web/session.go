package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/paastech-cloud/paastech/paas"
)

// minKey is how many bytes a key of HMAC-SHA256 has at the least (RFC 7518, section 3.2).
const minKey = 32

// claims are what a session's token says (API.md, "Who is asking"). Only jti and sub are believed, and
// only while the store agrees; the others are for clients.
type claims struct {
	jwt.RegisteredClaims
	Username string `json:"username"`
	IsAdmin  bool   `json:"isAdmin"`
}

// tokens signs and checks session tokens.
type tokens struct {
	key    []byte
	parser *jwt.Parser
}

func newTokens(key []byte) (*tokens, error) {
	if len(key) < minKey {
		return nil, fmt.Errorf("the key that signs sessions has %d bytes; it needs at least %d random ones", len(key), minKey)
	}
	if strings.Count(string(key), string(key[:1])) == len(key) {
		return nil, errors.New("the key that signs sessions is one byte repeated; it needs to be random")
	}
	return &tokens{key: key, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
	)}, nil
}

func (t *tokens) sign(session paas.Session, user paas.User) (paas.Secret, error) {
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID: string(session.ID), Subject: string(user.ID),
			IssuedAt: jwt.NewNumericDate(session.CreatedAt), ExpiresAt: jwt.NewNumericDate(session.ExpiresAt),
		},
		Username: user.Username, IsAdmin: user.IsAdmin,
	}).SignedString(t.key)
	if err != nil {
		return "", fmt.Errorf("sign a session's token: %w", err)
	}
	return paas.Secret(signed), nil
}

// read checks a token's form and signature. Headers that name a key or another algorithm are refused:
// there is one key.
func (t *tokens) read(token string) (claims, error) {
	var said claims
	_, err := t.parser.ParseWithClaims(token, &said, func(parsed *jwt.Token) (any, error) {
		for name, value := range parsed.Header {
			if name != "alg" && (name != "typ" || value != "JWT") {
				return nil, fmt.Errorf("the token's header has %q", name)
			}
		}
		return t.key, nil
	})
	if err == nil && (said.ID == "" || said.Subject == "" || len(said.Audience) > 0) {
		err = errors.New("the token is not a session's")
	}
	return said, err
}

var errNotLoggedIn = paas.Errorf(paas.Unauthenticated, paas.ENotLoggedIn, "You are not logged in, or your session has ended: log in again.")

// identify finds out who is asking, from the store.
func (c *Call) identify() error {
	token := c.bearer()
	if token == "" {
		token = c.cookie()
	}
	if token == "" {
		return errNotLoggedIn
	}
	if strings.HasPrefix(c.bearer(), paas.TokenPrefix) {
		return c.identifyToken(token)
	}
	said, err := c.server.tokens.read(token)
	if err != nil {
		return errNotLoggedIn.Because(err)
	}
	session := paas.SessionID(said.ID)
	user, err := c.server.platform.Session(c.Request().Context(), session)
	if err != nil {
		return err
	}
	if string(user.ID) != said.Subject {
		return errNotLoggedIn
	}
	c.Caller, c.Session = user, session
	return nil
}

// Again tells whether the caller, who was let in a while ago, still would be, and what has become of
// the caller's rights.
func (c *Call) Again() error {
	again := &Call{Context: c.Context, server: c.server}
	if err := again.identify(); err != nil {
		return err
	}
	if again.Caller.ID != c.Caller.ID {
		return errNotLoggedIn
	}
	c.Caller = again.Caller
	return nil
}

func (c *Call) bearer() string { return bearer(c.Request()) }

// bearer is the token of the Authorization header (RFC 6750); it wins over the cookie.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// cookie is the token of the cookie. Two different ones mean that somebody else's page planted one:
// then neither counts.
func (c *Call) cookie() string {
	token := ""
	for _, cookie := range c.Request().CookiesNamed(c.cookieName()) {
		if token != "" && cookie.Value != token {
			return ""
		}
		token = cookie.Value
	}
	return token
}

// cookieName has the prefix that keeps applications on names beside ours from planting the cookie;
// browsers accept it over TLS only.
func (c *Call) cookieName() string {
	if c.secure() {
		return "__Host-access"
	}
	return "access"
}

// secure tells whether the browser sees TLS, here or at a proxy.
func (c *Call) secure() bool {
	r := c.Request()
	if c.server.public.Scheme == "https" || r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || r.Header.Get("X-Forwarded-Proto") != "https" {
		return false
	}
	for _, proxy := range c.server.options.TrustedProxies {
		if proxy.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// Begin gives the caller a session's token, in the cookie and as what is returned.
func (c *Call) Begin(session paas.Session, user paas.User) (paas.Secret, error) {
	token, err := c.server.tokens.sign(session, user)
	if err != nil {
		return "", err
	}
	c.keep(token.Reveal(), session.ExpiresAt)
	c.Caller, c.Session, c.Token = user, session.ID, nil
	return token, nil
}

// End takes the cookie back; the session itself ends at the platform.
func (c *Call) End() { c.keep("", time.Unix(0, 0)) }

func (c *Call) keep(token string, until time.Time) {
	c.SetCookie(&http.Cookie{
		Name: c.cookieName(), Value: token, Path: "/", Expires: until,
		HttpOnly: true, Secure: c.secure(), SameSite: http.SameSiteStrictMode,
	})
}
