// Package cli is the program's face: it reads arguments and configuration, is the client of a
// server, and (on Linux) puts a whole server together.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Program is one run of the binary. Whether Stdout and Stdin are a terminal is found out from them.
type Program struct {
	Version string
	Args    []string // the name it was called by comes first
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
}

// Main runs one command and returns the exit code: 0, 2 when it was used wrongly, 1 for every other
// failure, which is said in one line on Stderr.
func Main(ctx context.Context, program Program) int {
	if code, done := runByName(ctx, program); done {
		return code
	}
	console := newConsole(program)
	root := newRoot(program, console)
	root.SetArgs(program.Args[1:])
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if ended, ok := errors.AsType[*exitError](err); ok {
		return ended.code
	}
	if slices.Contains(program.Args, "--json") { // a wrong flag before it ends the parsing
		console.json = true
	}
	return console.report(ctx, err)
}

// newRoot is the tree of all commands.
func newRoot(program Program, console *console) *cobra.Command {
	c := &commands{console: console}
	root := &cobra.Command{
		Use:           "paastech",
		Short:         "A platform for web applications: git push, and it runs",
		Long:          "PaaSTech runs web applications from a git push.\n\nStart with `paastech login`, then `paastech init NAME` in a git repository, then `paastech push`.",
		Version:       program.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          group,
	}
	root.SetIn(program.Stdin)
	root.SetOut(program.Stdout)
	root.SetErr(program.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usagef(cmd, "%s", err) })
	flags := root.PersistentFlags()
	flags.StringVar(&c.serverFlag, "server", "", "address of the PaaSTech server (PAASTECH_SERVER)")
	flags.StringVarP(&c.projectFlag, "project", "P", "", "name or id of the project (default: the one of the git remote paastech)")
	flags.BoolVar(&c.json, "json", false, "print what the server answers as JSON, failures too")
	root.AddCommand(
		c.loginCommand(), c.logoutCommand(), c.registerCommand(), c.accountCommand(), c.keysCommand(), c.tokensCommand(),
		c.initCommand(), c.projectsCommand(), c.pushCommand(),
		c.deployCommand(), c.stopCommand(), c.sleepCommand(), c.wakeCommand(), c.maintenanceCommand(), c.pauseCommand(), c.resumeCommand(), c.domainsCommand(), c.startCommand(), c.restartCommand(),
		c.statusCommand(), c.psCommand(), c.scaleCommand(), c.logsCommand(), c.eventsCommand(), c.metricsCommand(), c.envCommand(), c.deploymentsCommand(), c.rollbackCommand(),
		c.settingsCommand(), c.runCommand(), c.execCommand(), c.volumesCommand(), c.cronCommand(),
		c.openCommand(), c.dashboardCommand(), c.versionCommand(program.Version),
	)
	root.AddCommand(serverCommands(program, c)...)
	// It fails for an unknown flag alone, and this one was just made.
	_ = root.RegisterFlagCompletionFunc("project", c.completeProjects)
	return root
}

// group is what a command that only holds others does: it shows them, and refuses what is none of them.
func group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	cmd.SuggestionsMinimumDistance = 2 // cobra sets it only in a check of its own
	message := fmt.Sprintf("there is no command %q", cmd.CommandPath()+" "+args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		message += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usagef(cmd, "%s", message)
}

// newGroup is a command that only holds others.
func newGroup(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: group}
	cmd.AddCommand(commands...)
	return cmd
}

// arguments is cobra's check of the number of arguments, as a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usagef(cmd, "%s", err)
		}
		return nil
	}
}
