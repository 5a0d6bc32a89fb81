//go:build !linux

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
)

// serverCommands are those that need no server here: the platform runs on Linux, elsewhere the binary
// is its client.
func serverCommands(_ Program, c *commands) []*cobra.Command {
	admin := &administration{commands: c, local: func() (*client.Local, error) { return nil, nil }}
	return []*cobra.Command{admin.adminCommand(), admin.doctorCommand("doctor")}
}

// runByName has no other names here.
func runByName(context.Context, Program) (code int, done bool) { return 0, false }
