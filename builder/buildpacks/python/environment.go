package python

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// servers are the programs that are looked for among what was installed.
var servers = [...]string{"gunicorn", "uvicorn"}

// missing finds the requirement that pip had no package for.
var missing = regexp.MustCompile(`No matching distribution found for ([^\s(]+)`)

// environment makes the virtual environment, or keeps the last one, and says which of the known
// servers are in it.
func environment(ctx context.Context, b *cnb.Build, wanted requirements, version string) ([]string, error) {
	layer, err := b.Layer("venv", cnb.Use{Launch: true})
	if err != nil {
		return nil, err
	}
	key, err := wanted.key(b, version)
	if err != nil {
		return nil, err
	}
	downloads, err := openDownloads(b, wanted)
	if err != nil {
		return nil, err
	}
	if layer.Holds(key) {
		if len(wanted.args) > 0 {
			b.Logf("dependencies unchanged: the last installation is used again")
		}
		return strings.Fields(layer.Note), layer.Save(key)
	}
	if err := create(ctx, b, layer); err != nil {
		return nil, err
	}
	if len(wanted.args) > 0 {
		if err := install(ctx, b, wanted, layer, downloads); err != nil {
			return nil, err
		}
	}
	found := installedServers(layer)
	layer.Note = strings.Join(found, " ")
	return found, layer.Save(key)
}

func (r requirements) key(b *cnb.Build, version string) (string, error) {
	sum := cnb.NewChecksum("venv 1", version)
	sum.Add(r.args...).AddFiles(b.AppDir, r.files...)
	for _, name := range []string{"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_BINARY", "PIP_PRE"} {
		sum.Add(name, b.Env.Get(name))
	}
	for _, dir := range r.findLinks {
		sum.AddTree(filepath.Join(b.AppDir, dir))
	}
	if r.wholeTree {
		sum.AddTree(b.AppDir)
	}
	return sum.Sum()
}

// openDownloads is pip's cache, which also holds the wheels it compiled itself; nil when nothing
// is installed.
func openDownloads(b *cnb.Build, wanted requirements) (*cnb.Layer, error) {
	if len(wanted.args) == 0 {
		return nil, nil
	}
	const key = "pip 1"
	layer, err := b.Layer("downloads", cnb.Use{Cache: true})
	if err != nil {
		return nil, err
	}
	if !layer.Holds(key) {
		if err := layer.Empty(); err != nil {
			return nil, err
		}
	}
	return layer, layer.Save(key)
}

func create(ctx context.Context, b *cnb.Build, layer *cnb.Layer) error {
	if err := layer.Empty(); err != nil {
		return err
	}
	args := []string{"python3", "-m", "venv", "--without-pip", layer.Path}
	if _, err := b.Run(ctx, cnb.Command{Args: args}); err != nil {
		return cnb.Failf(cnb.CodeInternal, "the virtual environment could not be made: %v.", err)
	}
	if err := layer.SetLaunchDefault("PYTHONUNBUFFERED", "1"); err != nil {
		return err
	}
	return layer.SetLaunchDefault("PYTHONDONTWRITEBYTECODE", "1")
}

// install asks pip, first with the application's own wheels alone where it brings any: that
// needs no network and gives the same result every time.
func install(ctx context.Context, b *cnb.Build, wanted requirements, layer, downloads *cnb.Layer) error {
	b.Logf("pip install %s", strings.Join(wanted.args, " "))
	if len(wanted.findLinks) > 0 {
		output, err := b.Output(ctx, wanted.pip(b, layer, downloads, "--no-index"))
		if err == nil {
			b.Logf("%s", output)
			return precompile(ctx, b, layer)
		}
		b.Logf("the wheels in %s are not enough; asking the package index too", strings.Join(wanted.findLinks, ", "))
	}
	if output, err := b.Run(ctx, wanted.pip(b, layer, downloads)); err != nil {
		return diagnose(output)
	}
	return precompile(ctx, b, layer)
}

func (r requirements) pip(b *cnb.Build, layer, downloads *cnb.Layer, options ...string) cnb.Command {
	args := []string{"python3", "-m", "pip", "--python", filepath.Join(layer.Path, "bin", "python"),
		"install", "--no-compile", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"}
	for _, dir := range r.findLinks {
		args = append(args, "--find-links", filepath.Join(b.AppDir, dir))
	}
	args = append(args, options...)
	env := b.Env.With("PIP_CACHE_DIR", downloads.Path)
	env.Default("PIP_RETRIES", "2")
	// A requirement can not be taken for an option: those from pyproject.toml are checked.
	return cnb.Command{Env: env, Args: append(args, r.args...)}
}

// precompile stores byte code that is valid whatever the files' times are: image layers all
// carry the same time, and byte code that is checked against it would be thrown away at every start.
func precompile(ctx context.Context, b *cnb.Build, layer *cnb.Layer) error {
	args := []string{filepath.Join(layer.Path, "bin", "python"), "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", filepath.Join(layer.Path, "lib")}
	// Packages carry files that no Python can compile, as templates; that hurts nobody.
	if output, err := b.Output(ctx, cnb.Command{Args: args}); err != nil && ctx.Err() != nil {
		return cnb.Failf(cnb.CodeInstallFailed, "compiling the installed packages was interrupted: %s.", output)
	}
	return nil
}

func installedServers(layer *cnb.Layer) []string {
	var found []string
	for _, name := range servers {
		if _, err := os.Stat(filepath.Join(layer.Path, "bin", name)); err == nil {
			found = append(found, name)
		}
	}
	return found
}

func diagnose(output string) error {
	unreachable := strings.Contains(output, "NewConnectionError") || strings.Contains(output, "Max retries") || strings.Contains(output, "HTTPError") || strings.Contains(output, "ReadTimeoutError") || strings.Contains(output, "ProxyError")
	found := missing.FindStringSubmatch(output)
	switch {
	case unreachable:
		return cnb.Failf(cnb.CodeRegistry, "the Python package index could not be reached. Push again, check PIP_INDEX_URL, or commit the wheels into a directory called wheels.")
	case found != nil:
		return cnb.Failf(cnb.CodeInstallFailed, "no package satisfies the requirement %s for this Python. Correct its name or version.", found[1])
	}
	return cnb.Failf(cnb.CodeInstallFailed, "pip could not install the dependencies; the lines above say why.")
}
