//go:build !linux

package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// serverCommands are none: the platform runs on Linux, elsewhere the binary is its client.
func serverCommands(Program, *console) []*cobra.Command { return nil }

// runByName has no other names here.
func runByName(context.Context, Program) (code int, done bool) { return 0, false }
