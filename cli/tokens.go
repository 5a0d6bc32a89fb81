package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) tokensCommand() *cobra.Command {
	return newGroup("tokens", "API tokens, which let programs act for you (PAASTECH_TOKEN)", c.tokensListCommand(), c.tokensCreateCommand(), c.tokensRemoveCommand())
}

func (c *commands) tokensListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "List your API tokens",
		Example: "  paastech tokens ls",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.connect()
			if err != nil {
				return err
			}
			tokens, err := api.Tokens(cmd.Context())
			if err != nil {
				return err
			}
			return c.emit(tokens, func() { c.showTokens(tokens) })
		},
	}
}

func (c *commands) showTokens(tokens []wire.Token) {
	if len(tokens) == 0 {
		c.say("You have no API token yet. Make one: paastech tokens create NAME")
		return
	}
	rows := make([][]string, len(tokens))
	for i, token := range tokens {
		ends, project := "never", "all"
		if token.ExpiresAt != nil {
			ends = day(*token.ExpiresAt)
		}
		if token.Project != "" {
			project = string(token.Project)
		}
		rows[i] = []string{token.Name, string(token.Scope), project, ends, ago(token.LastUsedAt), string(token.ID)}
	}
	c.table([]string{"NAME", "SCOPE", "PROJECT", "ENDS", "LAST USED", "ID"}, rows)
}

func (c *commands) tokensCreateCommand() *cobra.Command {
	var token wire.NewToken
	var scope string
	var expires time.Duration
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make an API token; it is shown once",
		Example: "  paastech tokens create ci --scope deploy --project hello --expires 720h",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			token.Name, token.Scope = args[0], paas.Scope(scope)
			if expires < 0 {
				return usagef(cmd, "--expires is how long the token lasts, like 720h")
			}
			if expires > 0 {
				at := time.Now().Add(expires).UTC()
				token.ExpiresAt = &at
			}
			return c.createToken(cmd.Context(), token)
		},
	}
	cmd.Flags().StringVar(&scope, "scope", string(paas.ScopeDeploy), "what it may do: read, deploy or admin")
	cmd.Flags().DurationVar(&expires, "expires", 0, "how long it lasts, like 720h (default: until it is removed)")
	return cmd
}

func (c *commands) createToken(ctx context.Context, token wire.NewToken) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	if c.projectFlag != "" {
		project, err := api.FindProject(ctx, c.projectFlag)
		if err != nil {
			return err
		}
		token.Project = project.ID
	}
	made, err := api.CreateToken(ctx, token)
	if err != nil {
		return err
	}
	return c.emit(made, func() {
		c.say("%s", made.Secret.Reveal())
		c.note("Keep it now: it is not shown again. Programs use it as PAASTECH_TOKEN, with PAASTECH_SERVER=%s.", api.Server())
	})
}

func (c *commands) tokensRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rm NAME|ID",
		Short:   "End an API token at once",
		Example: "  paastech tokens rm ci",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.connect()
			if err != nil {
				return err
			}
			token, err := findToken(cmd.Context(), api, args[0])
			if err != nil {
				return err
			}
			if err := api.DeleteToken(cmd.Context(), token.ID); err != nil {
				return err
			}
			return c.emit(token, func() { c.say("The token %s works no more.", printable(token.Name)) })
		},
	}
}

// findToken is the one token with this name or id.
func findToken(ctx context.Context, api *client.Client, which string) (wire.Token, error) {
	tokens, err := api.Tokens(ctx)
	if err != nil {
		return wire.Token{}, err
	}
	var found []wire.Token
	for _, token := range tokens {
		if which == string(token.ID) || which == token.Name {
			found = append(found, token)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return wire.Token{}, paas.Errorf(paas.NotFound, paas.ENotFound, "You have no API token %q. `paastech tokens ls` shows yours.", which)
	}
	return wire.Token{}, failf(paas.EConflict, "%d of your API tokens are named %q: give the id, which `paastech tokens ls` shows.", len(found), which)
}
