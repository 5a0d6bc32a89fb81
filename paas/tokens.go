package paas

import (
	"context"
	"strings"
	"time"
)

// NewToken is what an API token is made from.
type NewToken struct {
	Name      string
	Scope     Scope
	Project   ProjectID
	ExpiresAt *time.Time
}

// CreateToken gives a user one more API token; the secret is not kept.
func (p *Platform) CreateToken(ctx context.Context, user User, token NewToken) (APIToken, Secret, error) {
	if err := p.checkToken(ctx, user, token); err != nil {
		return APIToken{}, "", err
	}
	secret := newTokenSecret()
	made := APIToken{
		ID: TokenID(newID()), User: user.ID, Name: token.Name, Scope: token.Scope, Project: token.Project,
		Hash: HashToken(secret), CreatedAt: p.now(), ExpiresAt: token.ExpiresAt,
	}
	return made, secret, p.Store.CreateToken(ctx, made)
}

func (p *Platform) checkToken(ctx context.Context, user User, token NewToken) error {
	switch {
	case token.Name == "" || len([]rune(token.Name)) > MaxTokenName || hasControl(token.Name):
		return InvalidField("name", "A token's name says what it is for, in 1 to %d characters.", MaxTokenName)
	case !ScopeAdmin.Allows(token.Scope):
		return InvalidField("scope", "A token's scope is read, deploy or admin.")
	case token.ExpiresAt != nil && !token.ExpiresAt.After(p.now()):
		return InvalidField("expiresAt", "A token cannot end in the past.")
	}
	if token.Project != "" {
		if project, err := p.Project(ctx, user, token.Project); err != nil {
			return err
		} else if project.Owner != user.ID {
			return errNoProject
		}
	}
	existing, err := p.Store.Tokens(ctx, user.ID)
	if err == nil && len(existing) >= MaxTokens {
		err = Errorf(Conflict, EConflict, "You have %d API tokens, which is the most: remove those that are not used.", MaxTokens)
	}
	return err
}

// Tokens lists a user's API tokens.
func (p *Platform) Tokens(ctx context.Context, user UserID) ([]APIToken, error) {
	return p.Store.Tokens(ctx, user)
}

// RemoveToken ends an API token at once.
func (p *Platform) RemoveToken(ctx context.Context, user UserID, id TokenID) error {
	return p.Store.DeleteToken(ctx, user, id)
}

// tokenTouch is how exactly a token's last use is known: every request would be a write otherwise.
const tokenTouch = time.Minute

// Token returns an API token and whose it is; Unauthenticated when there is none such.
func (p *Platform) Token(ctx context.Context, secret Secret) (APIToken, User, error) {
	unknown := Errorf(Unauthenticated, ENotLoggedIn, "This API token is unknown, expired or removed. `paastech tokens create` makes a new one.")
	if !strings.HasPrefix(secret.Reveal(), TokenPrefix) {
		return APIToken{}, User{}, unknown
	}
	token, user, err := p.Store.TokenByHash(ctx, HashToken(secret))
	if IsKind(err, NotFound) {
		return APIToken{}, User{}, unknown
	}
	if err != nil {
		return APIToken{}, User{}, err
	}
	now := p.now()
	if token.LastUsedAt == nil || now.Sub(*token.LastUsedAt) >= tokenTouch {
		if err := p.Store.TouchToken(ctx, token.ID, now); err != nil {
			p.Log.WarnContext(ctx, "note a token's use", "token", token.ID, "error", err)
		}
	}
	return token, user, nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' || r >= 0x80 && r < 0xa0 })
}
