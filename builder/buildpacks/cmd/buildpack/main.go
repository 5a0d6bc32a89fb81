// Command buildpack is all of our buildpacks in one executable. As bin/detect or bin/build it is
// the buildpack named in the buildpack.toml beside it; as serve-site, in an image, it starts the
// web server.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/paastech-cloud/paastech/builder/buildpacks"
	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/golang"
	"github.com/paastech-cloud/paastech/builder/buildpacks/nginx"
	"github.com/paastech-cloud/paastech/builder/buildpacks/node"
	"github.com/paastech-cloud/paastech/builder/buildpacks/procfile"
	"github.com/paastech-cloud/paastech/builder/buildpacks/python"
)

func main() {
	if filepath.Base(os.Args[0]) == nginx.ProgramName {
		fmt.Fprintln(os.Stderr, nginx.Serve(os.Args[1:]))
		os.Exit(1)
	}
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cnb.Main(ctx, os.Args[0], map[string]cnb.Buildpack{
		buildpacks.NodeApp:   node.Buildpack(),
		buildpacks.GoApp:     golang.Buildpack(),
		buildpacks.PythonApp: python.Buildpack(),
		buildpacks.Nginx:     nginx.Buildpack(),
		buildpacks.Procfile:  procfile.Buildpack(),
	})
}
