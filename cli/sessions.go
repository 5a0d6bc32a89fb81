package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) accountSessionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "sessions",
		Short:   "List where you are logged in, or end log-ins",
		Example: "  paastech account sessions",
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.showSessions(cmd.Context()) },
	}
	cmd.AddCommand(c.sessionEndCommand())
	return cmd
}

func (c *commands) showSessions(ctx context.Context) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	sessions, err := api.Sessions(ctx)
	if err != nil {
		return err
	}
	rows := make([][]string, len(sessions))
	for i, s := range sessions {
		this := ""
		if s.Current {
			this = "this one"
		}
		rows[i] = []string{string(s.ID), ago(&s.CreatedAt), s.Address, s.Agent, this}
	}
	return c.emit(sessions, func() { c.table([]string{"ID", "SINCE", "FROM", "PROGRAM", ""}, rows) })
}

func (c *commands) sessionEndCommand() *cobra.Command {
	var others bool
	cmd := &cobra.Command{
		Use:     "end ID | end --others",
		Short:   "End one of your log-ins, or all but this one",
		Example: "  paastech account sessions end 0b9a1c52-6c1e-4f0e-9a4e-2f6a4c1d7b11",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if others == (len(args) > 0) {
				return usagef(cmd, "give the id of one log-in, which `paastech account sessions` shows, or --others")
			}
			if others {
				return c.endOtherSessions(cmd.Context())
			}
			return c.endSession(cmd.Context(), paas.SessionID(args[0]))
		},
	}
	cmd.Flags().BoolVar(&others, "others", false, "all but this one")
	return cmd
}

func (c *commands) endSession(ctx context.Context, id paas.SessionID) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	if err := api.EndSession(ctx, id); err != nil {
		return err
	}
	return c.emit(struct{}{}, func() { c.say("That log-in has ended.") })
}

func (c *commands) endOtherSessions(ctx context.Context) error {
	api, err := c.connect()
	if err != nil {
		return err
	}
	if err := api.EndOtherSessions(ctx); err != nil {
		return err
	}
	return c.emit(struct{}{}, func() { c.say("All other log-ins have ended.") })
}
