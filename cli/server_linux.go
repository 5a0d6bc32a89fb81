package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/gitserver"
)

// serverCommands are the commands of the host that the platform runs on.
func serverCommands(program Program, c *commands) []*cobra.Command {
	host := &host{console: c.console, program: program}
	admin := &administration{commands: c, local: host.local}
	return []*cobra.Command{
		host.serveCommand(), host.withConfigFlag(admin.adminCommand(host.purgeCommand())), host.withConfigFlag(admin.doctorCommand("doctor")),
		host.dbCommand(), host.builderCommand(), host.withConfigFlag(host.upgradeCommand()),
		host.installCommand(), host.uninstallCommand(), host.backupAllCommand(), host.restoreCommand(),
	}
}

// host is what the server's commands share: where the configuration is.
type host struct {
	*console
	program    Program
	configFlag string
}

// config reads the configuration of the flag, the environment and the defaults.
func (h *host) config() (Config, error) { return loadConfig(h.configFlag, os.Environ()) }

func (h *host) withConfigFlag(cmd *cobra.Command) *cobra.Command {
	cmd.PersistentFlags().StringVar(&h.configFlag, "config", "", "configuration file (default: "+installedConfig+" when it is there)")
	return cmd
}

// runByName lets the binary be another program when it is called by another name: git's hook.
func runByName(_ context.Context, program Program) (code int, done bool) {
	if gitserver.IsHook(program.Args[0]) {
		return gitserver.RunHook(program.Stdin, program.Stdout, os.Getenv), true
	}
	return 0, false
}
