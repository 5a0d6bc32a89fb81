package cli

import (
	"context"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) registerCommand() *cobra.Command {
	var account wire.Register
	var invite string
	cmd := &cobra.Command{
		Use:   "register -e EMAIL -u USERNAME",
		Short: "Make an account at a server that lets you",
		Long:  "Make an account at a server that lets you. The password is asked for; where nobody can be asked it is\nread from standard input.",
		Example: "  paastech register --server https://paas.example.com -e ada@example.com -u ada\n" +
			"  paastech register -e ada@example.com -u ada --invite CODE",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if account.Email == "" || account.Username == "" {
				return usagef(cmd, "who? Give -e EMAIL and -u USERNAME")
			}
			account.Invite = linkToken(invite)
			return c.register(cmd.Context(), account)
		},
	}
	cmd.Flags().StringVarP(&account.Email, "email", "e", "", "e-mail address, used to log in")
	cmd.Flags().StringVarP(&account.Username, "username", "u", "", "name of the account")
	cmd.Flags().StringVar(&invite, "invite", "", "code of your invitation, or its link")
	return cmd
}

func (c *commands) register(ctx context.Context, account wire.Register) error {
	api, _, err := c.loginServer(ctx)
	if err != nil {
		return err
	}
	if err := admitted(ctx, api, account); err != nil { // before a password is asked for
		return err
	}
	if inClear(api.Server()) {
		c.note("Warning: %s is not https: others on the way can read your password.", api.Server())
	}
	if account.Password, err = c.newPassword(ctx, false); err != nil {
		return err
	}
	if account.Challenge, err = solved(ctx, api); err != nil {
		return err
	}
	made, err := api.Register(ctx, account)
	if err != nil {
		return err
	}
	return c.emit(made, func() {
		c.say("Look into your mailbox (%s): a link there confirms the address. An invitation that came by mail did that already.", made.Email)
		c.say("Then log in: paastech login --server %s -e %s", api.Server(), made.Email)
	})
}

// admitted tells early what the server would refuse.
func admitted(ctx context.Context, api *client.Client, account wire.Register) error {
	info, err := api.Info(ctx)
	switch {
	case err != nil:
		return err
	case info.Registration == paas.RegistrationClosed && account.Invite == "": // an administrator's lets in
		return failf(paas.EClosed, "Registration is closed at %s: ask its administrator for an account.", api.Server())
	case info.Registration == paas.RegistrationInvite && account.Invite == "":
		return failf(paas.EInvite, "Registration is by invitation at %s: give --invite with the code that an administrator sent you.", api.Server())
	}
	return nil
}

// solved is the answer to the puzzle that the server asks of whoever registers; empty when it asks nothing.
func solved(ctx context.Context, api *client.Client) (string, error) {
	puzzle, err := api.Challenge(ctx)
	if paas.IsKind(err, paas.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return puzzle.Solve(), nil
}

// linkToken is the secret of a mailed link, of which people copy more or less.
func linkToken(typed string) paas.Secret {
	token := strings.TrimSpace(typed)
	if _, code, isInvite := strings.Cut(token, "invite="); isInvite {
		token, _, _ = strings.Cut(code, "&")
	}
	token = token[strings.LastIndex(token, "/")+1:]
	if unescaped, err := url.PathUnescape(token); err == nil {
		token = unescaped
	}
	return paas.Secret(token)
}
