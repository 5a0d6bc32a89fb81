// Package nginx serves an application's files with nginx.
package nginx

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/node"
	"github.com/paastech-cloud/paastech/builder/buildpacks/site"
)

// Buildpack is the buildpack.
func Buildpack() cnb.Buildpack {
	return cnb.Buildpack{Detect: detect, Build: build}
}

func detect(source cnb.Source) (cnb.Plan, bool, error) {
	found, ok, err := site.Find(source)
	if err != nil || !ok {
		return cnb.Plan{}, false, nil // a package.json that cannot be read is the node buildpack's to name
	}
	if found.Built {
		return cnb.Plan{Requires: []cnb.Name{{Name: node.Assets}}}, true, nil
	}
	return cnb.Plan{}, true, nil
}

func build(_ context.Context, b *cnb.Build) error {
	found, _, err := site.Find(b.Source)
	if err != nil {
		return err
	}
	if found.Server != "nginx" {
		return cnb.Failf(cnb.CodeWebServer, "BP_WEB_SERVER asks for %q, and there is only nginx. Set BP_WEB_SERVER=nginx.", found.Server)
	}
	root, err := checkRoot(b.Source, found)
	if err != nil {
		return err
	}
	layer, err := b.Layer("server", cnb.Use{Launch: true})
	if err != nil {
		return err
	}
	program, err := installServer(b, layer)
	if err != nil {
		return err
	}
	b.Logf("nginx serves the directory %s", root)
	version, err := cnb.NewChecksum("site", root).AddTree(filepath.Join(b.AppDir, root)).Sum()
	if err != nil {
		return err
	}
	command := []string{program, "--root", root, "--version", version[:16]}
	if found.PushState {
		command = append(command, "--push-state")
	}
	return b.WriteProcesses([]cnb.Process{{Type: cnb.Web, Command: command, Default: true}})
}

// checkRoot is the directory to serve, relative to the application, once it is known to be one.
func checkRoot(source cnb.Source, found site.Site) (string, error) {
	root := path.Clean(found.Root)
	if !filepath.IsLocal(root) || strings.ContainsAny(root, "\"\n\r\x00$;{}\\") {
		return "", cnb.Failf(cnb.CodeWebRootMissing, "BP_WEB_SERVER_ROOT is %q, which is not a directory of this application. Write a relative path such as dist.", found.Root)
	}
	if source.HasDir(root) {
		return root, nil
	}
	made := "it is not in the repository"
	if found.Built {
		made = "the build did not make it"
	}
	return "", cnb.Failf(cnb.CodeWebRootMissing, "the directory to serve, %q, is not there: %s.%s", root, made, advice(source))
}

func advice(source cnb.Source) string {
	pages := pagesUnder(source.AppDir)
	if len(pages) == 0 {
		return " Set BP_WEB_SERVER_ROOT to the directory that has the index.html."
	}
	return fmt.Sprintf(" There is an index.html in %s: set BP_WEB_SERVER_ROOT to the right one.", strings.Join(pages, ", "))
}

// pagesUnder are the directories at most one level deep that have an index.html.
func pagesUnder(dir string) []string {
	var found []string
	for _, pattern := range []string{"index.html", "*/index.html"} {
		names, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			continue
		}
		for _, name := range names {
			found = append(found, path.Dir(name))
		}
	}
	return found
}

// installServer copies this very executable into the image: called by another name, it writes
// nginx's configuration when the application starts, since only then $PORT is known.
func installServer(b *cnb.Build, layer *cnb.Layer) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this executable: %w", err)
	}
	key, err := cnb.NewChecksum("server 1").AddFiles(filepath.Dir(self), filepath.Base(self)).Sum()
	if err != nil {
		return "", err
	}
	program := filepath.Join(layer.Path, "bin", ProgramName)
	if !layer.Holds(key) {
		content, err := os.ReadFile(self)
		if err != nil {
			return "", fmt.Errorf("read this executable: %w", err)
		}
		if err := layer.Empty(); err != nil {
			return "", err
		}
		if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
			return "", fmt.Errorf("install the web server: %w", err)
		}
		if err := os.WriteFile(program, content, 0o755); err != nil {
			return "", fmt.Errorf("install the web server: %w", err)
		}
	}
	return program, layer.Save(key)
}
