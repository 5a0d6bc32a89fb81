package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/packagejson"
)

const modulesName = "node_modules"

// makeModules installs dependencies and runs the build scripts. Where the manifest and the lock
// file alone decide about what is installed, the dependencies are a layer that is made only when
// those change, and the application has a link to it.
func (j *job) makeModules(ctx context.Context) error {
	if !j.manifest.HasDependencies() || j.bringsModules() {
		return j.runScripts(ctx)
	}
	if err := j.openDownloads(); err != nil {
		return err
	}
	if j.manager.lock == "" {
		j.Logf("no lock file: today's newest versions are installed. Commit package-lock.json, yarn.lock or pnpm-lock.yaml to get the same ones every time")
	}
	if err := os.RemoveAll(filepath.Join(j.AppDir, modulesName)); err != nil {
		return fmt.Errorf("remove the application's own node_modules: %w", err)
	}
	if j.manager.inPlace || j.manifest.NeedsSources() || strings.Contains(readFile(j.Source, "pnpm-workspace.yaml"), "packages:") {
		return j.installInPlace(ctx)
	}
	return j.installInLayers(ctx)
}

// bringsModules says whether the repository carries its dependencies, with nothing that says
// which ones they should be.
func (j *job) bringsModules() bool {
	return j.manager.lock == "" && j.HasDir(modulesName)
}

// installInPlace installs among the application's own files, at every build.
func (j *job) installInPlace(ctx context.Context) error {
	if err := j.install(ctx, j.AppDir, j.manager.full); err != nil {
		return err
	}
	if err := j.runScripts(ctx); err != nil {
		return err
	}
	if j.assets {
		return os.RemoveAll(filepath.Join(j.AppDir, modulesName))
	}
	j.Logf("removing development dependencies")
	return j.install(ctx, j.AppDir, j.manager.prune)
}

// installInLayers keeps everything in a cached layer for the scripts, and what the running
// application needs in a layer of the image.
func (j *job) installInLayers(ctx context.Context) error {
	if len(j.scripts) > 0 {
		if err := j.modulesLayer(ctx, "build-modules", cnb.Use{Cache: true}, j.manager.full); err != nil {
			return err
		}
		if err := j.runScripts(ctx); err != nil {
			return err
		}
	}
	if j.assets {
		return j.unlink()
	}
	return j.modulesLayer(ctx, "modules", cnb.Use{Launch: true}, j.manager.production)
}

// modulesLayer makes a layer of dependencies unless the last one was made from the same things,
// and links it into the application.
func (j *job) modulesLayer(ctx context.Context, name string, use cnb.Use, install []string) error {
	layer, err := j.Layer(name, use)
	if err != nil {
		return err
	}
	key, err := j.modulesKey(install)
	if err != nil {
		return err
	}
	if layer.Holds(key) {
		j.Logf("%s: dependencies unchanged, the last installation is used again", name)
	} else if err := j.fillModules(ctx, layer, install); err != nil {
		return err
	}
	if err := j.link(layer); err != nil {
		return err
	}
	return layer.Save(key)
}

func (j *job) modulesKey(install []string) (string, error) {
	dependencies, err := j.manifest.DependencyText()
	if err != nil {
		return "", err
	}
	node, err := packageName()
	if err != nil {
		return "", err
	}
	sum := cnb.NewChecksum("modules 1", node, fmt.Sprint(j.engine.version.Major), j.manager.pkg, j.manager.versions.String(), dependencies)
	return sum.Add(install...).AddFiles(j.AppDir, installFiles(j.manager.lock)...).Sum()
}

// installFiles are what a package manager reads besides package.json.
func installFiles(lock string) []string {
	names := []string{".npmrc", ".yarnrc", ".pnpmfile.cjs", "pnpm-workspace.yaml"}
	if lock != "" {
		names = append(names, lock)
	}
	return names
}

// fillModules installs in the layer itself, beside copies of the files that say what to install.
func (j *job) fillModules(ctx context.Context, layer *cnb.Layer, install []string) error {
	if err := layer.Empty(); err != nil {
		return err
	}
	names := append(installFiles(j.manager.lock), packagejson.FileName)
	for _, name := range names {
		if err := copyFile(filepath.Join(j.AppDir, name), filepath.Join(layer.Path, name)); err != nil {
			return err
		}
	}
	if err := j.install(ctx, layer.Path, install); err != nil {
		return err
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(layer.Path, name)); err != nil {
			return fmt.Errorf("tidy the installed dependencies: %w", err)
		}
	}
	// No dependency but development ones: the link still needs something to lead to.
	if err := os.MkdirAll(filepath.Join(layer.Path, modulesName), 0o755); err != nil {
		return fmt.Errorf("make node_modules: %w", err)
	}
	return nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(from), err)
	}
	return os.WriteFile(to, content, 0o644)
}

func (j *job) link(layer *cnb.Layer) error {
	if err := j.unlink(); err != nil {
		return err
	}
	if err := os.Symlink(filepath.Join(layer.Path, modulesName), filepath.Join(j.AppDir, modulesName)); err != nil {
		return fmt.Errorf("link node_modules: %w", err)
	}
	return nil
}

func (j *job) unlink() error {
	err := os.Remove(filepath.Join(j.AppDir, modulesName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unlink node_modules: %w", err)
	}
	return nil
}
