package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/npmregistry"
	"github.com/paastech-cloud/paastech/builder/buildpacks/semver"
)

// toolbox is the tarballs of Node and of the package managers, kept from build to build in one
// cached layer. Tarballs, because one big file comes back in milliseconds, and most builds of an
// unchanged application need none of them unpacked.
type toolbox struct {
	registry *npmregistry.Registry
	layer    *cnb.Layer
	used     map[string]bool // file names in the layer that this build needed
	found    map[string]npmregistry.Release
	now      time.Time
}

// resolution remembers what a range meant.
type resolution struct {
	Version string    `json:"version"`
	At      time.Time `json:"at"`
}

// toolboxKey is the layout of the layer.
const toolboxKey = "tarballs 1"

func openToolbox(b *cnb.Build) (*toolbox, error) {
	layer, err := b.Layer("tools", cnb.Use{Cache: true})
	if err != nil {
		return nil, err
	}
	if !layer.Holds(toolboxKey) {
		if err := layer.Empty(); err != nil {
			return nil, err
		}
	}
	return &toolbox{
		registry: npmregistry.New(registryURL(b.Env)),
		layer:    layer,
		used:     map[string]bool{},
		found:    map[string]npmregistry.Release{},
		now:      time.Now(),
	}, nil
}

func registryURL(env cnb.Environment) string {
	for _, name := range []string{"NPM_CONFIG_REGISTRY", "npm_config_registry"} {
		if url := env.Get(name); url != "" {
			return url
		}
	}
	return ""
}

// close keeps what this build used and forgets the rest.
func (t *toolbox) close() error {
	entries, err := os.ReadDir(t.layer.Path)
	if err != nil {
		return fmt.Errorf("tidy the toolbox: %w", err)
	}
	for _, entry := range entries {
		if !t.used[entry.Name()] {
			if err := os.Remove(filepath.Join(t.layer.Path, entry.Name())); err != nil {
				return fmt.Errorf("tidy the toolbox: %w", err)
			}
		}
	}
	if len(t.used) == 0 {
		return os.RemoveAll(t.layer.Path)
	}
	return t.layer.Save(toolboxKey)
}

// resolve is the release that a range means: the one remembered for a day, else the newest. An
// unreachable registry does not stop a build that remembers an older answer.
func (t *toolbox) resolve(ctx context.Context, name string, versions semver.Range) (semver.Version, error) {
	if version, ok := versions.Exact(); ok {
		return version, nil
	}
	note := t.file(name + "@" + strings.Map(fileNameRune, versions.String()) + ".json")
	remembered, fresh := t.recall(note, versions)
	if fresh {
		return remembered, nil
	}
	release, err := t.registry.Find(ctx, name, versions)
	if err != nil {
		if remembered != (semver.Version{}) && !errors.Is(err, npmregistry.ErrNoVersion) {
			return remembered, nil
		}
		return semver.Version{}, err
	}
	t.found[name+" "+release.Version.String()] = release
	text, err := json.Marshal(resolution{Version: release.Version.String(), At: t.now})
	if err != nil {
		return semver.Version{}, fmt.Errorf("remember %s: %w", name, err)
	}
	return release.Version, os.WriteFile(note, text, 0o644)
}

func (t *toolbox) recall(note string, versions semver.Range) (version semver.Version, fresh bool) {
	content, err := os.ReadFile(note)
	if err != nil {
		return version, false
	}
	var remembered resolution
	if json.Unmarshal(content, &remembered) != nil {
		return version, false
	}
	version, err = semver.Parse(remembered.Version)
	if err != nil || !versions.Contains(version) {
		return semver.Version{}, false
	}
	return version, t.now.Sub(remembered.At) < resolutionKept
}

// tarball is the path of a release's tarball, downloaded when it is not there.
func (t *toolbox) tarball(ctx context.Context, name string, version semver.Version) (string, error) {
	path := t.keep(name, version)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	release, ok := t.found[name+" "+version.String()]
	if !ok {
		exact, err := semver.ParseRange(version.String())
		if err != nil {
			return "", err
		}
		if release, err = t.registry.Find(ctx, name, exact); err != nil {
			return "", err
		}
	}
	return path, t.registry.Download(ctx, release, path)
}

// keep says that a tarball is worth keeping for the next build, and where it would be.
func (t *toolbox) keep(name string, version semver.Version) string {
	return t.file(strings.Map(fileNameRune, name) + "-" + version.String() + ".tgz")
}

func (t *toolbox) file(name string) string {
	t.used[name] = true
	return filepath.Join(t.layer.Path, name)
}

// fileNameRune makes a rune harmless in a file name.
func fileNameRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '^' || r == '~' || r == '@' || r == '=' {
		return r
	}
	return '_'
}
