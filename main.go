// Command paastech is a self-hostable platform for web applications in one binary: `paastech serve`
// is the platform, the other commands are its client.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/paastech-cloud/paastech/cli"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, cli.Program{Version: version, Args: os.Args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	stop()
	os.Exit(code)
}
