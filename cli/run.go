package cli

import (
	"context"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// exitError ends this program as a command on the server ended; all has been said.
type exitError struct{ code int }

func (e *exitError) Error() string { return "the command failed" }

func (c *commands) runCommand() *cobra.Command {
	plain := false
	cmd := &cobra.Command{
		Use:     "run [flags] -- COMMAND [ARGUMENT]...",
		Short:   "Run a command in a new container of the live version",
		Long:    "Run a command in a new container with the image, the variables and the volumes of the live version. It has this terminal, or its input and output, and ends this command with its own exit code.",
		Example: "  paastech run -- npm run migrate\n  paastech run -- sh\n  paastech run -- psql < dump.sql",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.remotely(cmd.Context(), plain, func(ctx context.Context, api *client.Client, id paas.ProjectID, streams paas.Streams) (wire.CommandEnd, error) {
				return api.RunCommand(ctx, id, args, streams)
			})
		},
	}
	addCommandFlags(cmd, &plain)
	return cmd
}

func (c *commands) execCommand() *cobra.Command {
	plain, process := false, ""
	cmd := &cobra.Command{
		Use:     "exec [flags] -- COMMAND [ARGUMENT]...",
		Short:   "Run a command in a running container of the application",
		Long:    "Run a command beside the application, in one of its running containers. It has this terminal, or its input and output, and ends this command with its own exit code.",
		Example: "  paastech exec -- ps aux\n  paastech exec -p worker.2 -- sh",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.remotely(cmd.Context(), plain, func(ctx context.Context, api *client.Client, id paas.ProjectID, streams paas.Streams) (wire.CommandEnd, error) {
				return api.Exec(ctx, id, process, args, streams)
			})
		},
	}
	addCommandFlags(cmd, &plain)
	cmd.Flags().StringVarP(&process, "process", "p", "", "the process, like worker, or one container, like web.2 (default: the first)")
	return cmd
}

func addCommandFlags(cmd *cobra.Command, plain *bool) {
	cmd.Flags().SetInterspersed(false) // what follows the command's name is the command's
	cmd.Flags().BoolVarP(plain, "no-terminal", "T", false, "give the command no terminal, also when this is one")
}

// remotely holds a command on the server to its end.
func (c *commands) remotely(ctx context.Context, plain bool, do func(context.Context, *client.Client, paas.ProjectID, paas.Streams) (wire.CommandEnd, error)) error {
	api, project, err := c.project(ctx)
	if err != nil {
		return err
	}
	streams := paas.Streams{Input: c.stdin, Output: c.stdout, Errors: c.stderr}
	if !plain && c.interactive && isTerminal(c.stdout) {
		restore, err := c.lendTerminal(&streams)
		if err != nil {
			return err
		}
		defer restore()
	}
	end, err := do(ctx, api, project.ID, streams)
	if err != nil {
		return err
	}
	if end.OOMKilled {
		c.note("The command was ended because it used more memory than the project may.\r")
	}
	if end.ExitCode != 0 {
		return &exitError{end.ExitCode}
	}
	return nil
}

// lendTerminal gives this terminal to a command: every key, and every change of its size.
func (c *commands) lendTerminal(streams *paas.Streams) (restore func(), err error) {
	keyboard, screen := int(c.stdin.(*os.File).Fd()), int(c.stdout.(*os.File).Fd()) // they are terminals
	before, err := term.MakeRaw(keyboard)
	if err != nil {
		return nil, err
	}
	size := func() (now paas.TerminalSize) {
		now.Columns, now.Rows, _ = term.GetSize(screen) // the server takes 0 as unknown
		return now
	}
	changed := make(chan os.Signal, 1)
	notifySize(changed)
	sizes, ended := make(chan paas.TerminalSize), make(chan struct{})
	go func() {
		for {
			select {
			case <-changed:
			case <-ended:
				return
			}
			select {
			case sizes <- size():
			case <-ended:
				return
			}
		}
	}()
	streams.Terminal = &paas.Terminal{Size: size(), Resizes: sizes}
	return func() {
		signal.Stop(changed)
		close(ended)
		_ = term.Restore(keyboard, before)
	}, nil
}
