package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) loginCommand() *cobra.Command {
	var email, password string
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Log in to a server",
		Long:  "Log in to a server. What is not given is asked for; where nobody can be asked it is read from\nstandard input, a line each: e-mail address, password.",
		Example: "  paastech login --server https://paas.example.com\n" +
			"  paastech login -e ada@example.com < password-file",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.login(cmd.Context(), email, password) },
	}
	cmd.Flags().StringVarP(&email, "email", "e", "", "e-mail address of the account")
	cmd.Flags().StringVarP(&password, "password", "p", "", "password (other users of this machine can see it; better be asked)")
	return cmd
}

func (c *commands) login(ctx context.Context, email, password string) error {
	api, known, err := c.loginServer(ctx)
	if err != nil {
		return err
	}
	if _, err := api.Info(ctx); err != nil { // before a password is sent there
		return err
	}
	if inClear(api.Server()) {
		c.note("Warning: %s is not https: others on the way can read your password.", api.Server())
	}
	if email == "" {
		if email, err = c.ask(ctx, "E-mail address"); err != nil {
			return err
		}
	}
	if password == "" {
		if password, err = c.askSecret(ctx, "Password"); err != nil {
			return err
		}
	}
	if email = strings.TrimSpace(email); email == "" || password == "" {
		return failf(paas.EInvalid, "An e-mail address and a password are needed: give -e and -p, or type them when asked.")
	}
	session, err := api.Login(ctx, email, paas.Secret(password))
	if err != nil {
		return err
	}
	user, err := api.WithToken(session.AccessToken).Me(ctx)
	if err != nil {
		return err
	}
	if err := known.remember(api.Server(), session, user); err != nil {
		return err
	}
	return c.emit(user, func() { c.say("Logged in at %s as %s.", api.Server(), user.Username) })
}

// loginServer is the server that is meant or, when none is known, the one that a person names.
func (c *commands) loginServer(ctx context.Context) (*client.Client, sessions, error) {
	api, known, err := c.anonymous()
	if !paas.IsCode(err, eNoServer) || !c.interactive {
		return api, known, err
	}
	typed, err := c.ask(ctx, "Server ["+demoServer+"]")
	if err != nil {
		return nil, known, err
	}
	if strings.TrimSpace(typed) == "" {
		typed = demoServer
	}
	server, err := serverAddress(typed)
	if err != nil {
		return nil, known, err
	}
	api, err = client.New(server, "")
	return api, known, err
}

// remember stores a log-in; its server is the default from now on.
func (s sessions) remember(server string, login wire.Session, user wire.User) error {
	entry := s.Servers[server]
	entry.Token, entry.Username, entry.Email = login.AccessToken.Reveal(), user.Username, user.Email
	entry.ExpiresAt = nil
	if !login.ExpiresAt.IsZero() {
		entry.ExpiresAt = &login.ExpiresAt
	}
	s.Servers[server], s.Default = entry, server
	return s.write()
}

func (c *commands) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "logout",
		Short:   "End the log-in at a server",
		Example: "  paastech logout",
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.logout(cmd.Context()) },
	}
}

// logout forgets the token first: it is gone from this machine even when the server does not answer.
func (c *commands) logout(ctx context.Context) error {
	api, known, err := c.anonymous()
	if err != nil {
		return err
	}
	entry := known.Servers[api.Server()]
	if entry.Token == "" {
		return failf(paas.ENotLoggedIn, "You are not logged in at %s.", api.Server())
	}
	token := entry.Token
	entry.Token, entry.ExpiresAt = "", nil
	known.Servers[api.Server()] = entry
	if err := known.write(); err != nil {
		return err
	}
	err = api.WithToken(paas.Secret(token)).Logout(ctx)
	if unanswered, ok := errors.AsType[*client.Error](err); ok {
		return failf(eUnreachable, "The log-in was forgotten here, but the server could not be told and honours it until it expires. %s", unanswered.Message)
	}
	if err != nil && !paas.IsKind(err, paas.Unauthenticated) {
		return err
	}
	return c.emit(struct{}{}, func() { c.say("Logged out from %s.", api.Server()) })
}
