// Package python installs a Python application's dependencies with pip into a virtual
// environment of Debian's Python, and finds out how to start it.
package python

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/procfile"
)

// Buildpack is the buildpack.
func Buildpack() cnb.Buildpack {
	return cnb.Buildpack{Detect: detect, Build: build}
}

func detect(source cnb.Source) (cnb.Plan, bool, error) {
	return cnb.Plan{}, Claims(source), nil
}

func build(ctx context.Context, b *cnb.Build) error {
	entries, err := procfile.Read(b.Source)
	if err != nil {
		return err
	}
	wanted, err := readRequirements(b.Source)
	if err != nil {
		return err
	}
	version, err := interpreter(ctx, b, wanted.pythonWish)
	if err != nil {
		return err
	}
	servers, err := environment(ctx, b, wanted, version)
	if err != nil {
		return err
	}
	if procfile.HasWeb(b.Source) {
		return nil
	}
	if command := startCommand(b.Source, servers); command != "" {
		return b.WriteProcesses([]cnb.Process{cnb.NewProcess(cnb.Web, command)})
	}
	if len(entries) > 0 {
		return nil
	}
	return cnb.Failf(cnb.CodeNoStartCommand, "nothing says how to start this Python application: no Procfile, none of %s, and no gunicorn or uvicorn with something to serve. Add a Procfile such as `web: python app.py`.", strings.Join(entryFiles(), ", "))
}

// interpreter is the version of Debian's Python, the only one there is. An application that asks
// for an older Python 3 gets this one, and is told.
func interpreter(ctx context.Context, b *cnb.Build, wish string) (string, error) {
	text, err := b.Output(ctx, cnb.Command{Args: []string{"python3", "--version"}})
	if err != nil {
		return "", fmt.Errorf("ask for the Python version: %w: %s", err, text)
	}
	version := strings.TrimPrefix(text, "Python ")
	var major, minor, wantedMajor, wantedMinor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return "", fmt.Errorf("read the Python version %q: %w", version, err)
	}
	known, _ := fmt.Sscanf(wish, "%d.%d", &wantedMajor, &wantedMinor)
	switch {
	case known >= 1 && (wantedMajor != major || known == 2 && wantedMinor > minor):
		return "", cnb.Failf(cnb.CodeRuntimeVersion, "the application asks for Python %s, and there is only Python %s. Ask for %d.%d, or for none.", wish, version, major, minor)
	case known == 2 && wantedMinor != minor:
		b.Logf("Python %s (the application asks for %s, which is not here; this one runs it)", version, wish)
	default:
		b.Logf("Python %s", version)
	}
	return version, nil
}

// startCommand starts the application on $PORT. gunicorn takes $PORT by itself; uvicorn has to be told.
func startCommand(source cnb.Source, servers []string) string {
	app, found := findApplication(source)
	has := func(name string) bool { return slices.Contains(servers, name) }
	switch {
	case found && app.async && has("uvicorn"):
		return `exec uvicorn ` + app.module + `:` + app.object + ` --host 0.0.0.0 --port "${PORT:-8080}"`
	case found && !app.async && has("gunicorn"):
		return "gunicorn " + app.module + ":" + app.object
	}
	if file := source.First(entryFiles()...); file != "" {
		return "python " + file
	}
	return ""
}
