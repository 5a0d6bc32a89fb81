// Package node builds JavaScript applications: it chooses Node and the package manager, installs
// dependencies, runs build scripts and finds out how to start the application. Together with a
// web server's buildpack it only makes the files to serve.
package node

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/packagejson"
	"github.com/paastech-cloud/paastech/builder/buildpacks/procfile"
	"github.com/paastech-cloud/paastech/builder/buildpacks/python"
	"github.com/paastech-cloud/paastech/builder/buildpacks/site"
)

// Assets is what a web server's buildpack requires when scripts make the files it serves.
const Assets = "static-assets"

// Buildpack is the buildpack.
func Buildpack() cnb.Buildpack {
	return cnb.Buildpack{Detect: detect, Build: build}
}

func detect(source cnb.Source) (cnb.Plan, bool, error) {
	plan := cnb.Plan{Provides: []cnb.Name{{Name: Assets}}, Or: []cnb.Plan{{}}}
	if !source.Has(packagejson.FileName) {
		return plan, source.Has("server.js") && !python.Claims(source), nil
	}
	manifest, err := packagejson.Read(source)
	if err != nil {
		return plan, true, nil // the build says what is wrong with it
	}
	if found, ok, _ := site.Find(source); ok {
		return plan, found.Built, nil
	}
	// A Python application may have a package.json for its tools alone.
	starts := manifest.StartLine(source) != "" || len(manifest.BuildScripts(source.Env)) > 0
	return plan, starts || !python.Claims(source), nil
}

// job is one build of a JavaScript application.
type job struct {
	*cnb.Build
	manifest packagejson.Manifest
	tools    *toolbox
	engine   *engine
	manager  manager
	programs string   // directory of the package manager's programs once it is unpacked
	cache    string   // directory of the package manager's downloads, kept from build to build
	scripts  []string // to run
	assets   bool     // the files to serve are all that counts
	procfile []procfile.Entry
}

func build(ctx context.Context, b *cnb.Build) (err error) {
	j := &job{Build: b, assets: b.Required[Assets]}
	if j.manifest, err = packagejson.Read(b.Source); err != nil {
		return err
	}
	if j.procfile, err = procfile.Read(b.Source); err != nil {
		return err
	}
	j.scripts = j.manifest.BuildScripts(b.Env)
	if j.tools, err = openToolbox(b); err != nil {
		return err
	}
	if j.engine, err = chooseEngine(ctx, b, j.manifest, j.tools); err != nil {
		return err
	}
	if j.manager, err = chooseManager(b.Source, j.manifest, j.engine.version); err != nil {
		return err
	}
	if err := j.makeModules(ctx); err != nil {
		return err
	}
	if !j.assets {
		if err := j.declareStart(ctx); err != nil {
			return err
		}
	}
	return j.tools.close()
}

// declareStart names the web process and what it needs around it.
func (j *job) declareStart(ctx context.Context) error {
	line := j.manifest.StartLine(j.Source)
	if line == "" && len(j.procfile) == 0 {
		return cnb.Failf(cnb.CodeNoStartCommand, "nothing says how to start this application: package.json has no start script and no main file, and there is no server.js, index.js or Procfile. Add `\"start\": \"node your-file.js\"` to the scripts in package.json.")
	}
	if err := j.launchEnvironment(); err != nil {
		return err
	}
	lines := []string{line}
	for _, entry := range j.procfile {
		lines = append(lines, entry.Command)
	}
	if j.manager.isNamedIn(lines) {
		if err := j.launchManager(ctx); err != nil {
			return err
		}
	}
	if line == "" || procfile.HasWeb(j.Source) {
		return nil
	}
	return j.WriteProcesses([]cnb.Process{cnb.NewProcess(cnb.Web, line)})
}

// launchEnvironment sets what a running application sees, the programs of its dependencies
// among it.
func (j *job) launchEnvironment() error {
	bin := filepath.Join(j.AppDir, modulesName, ".bin")
	key := "environment 1 " + bin
	layer, err := j.Layer("environment", cnb.Use{Launch: true})
	if err != nil {
		return err
	}
	if !layer.Holds(key) {
		if err := layer.Empty(); err != nil {
			return err
		}
		if err := errors.Join(layer.SetLaunchDefault("NODE_ENV", "production"), layer.PrependLaunchPath(bin)); err != nil {
			return err
		}
	}
	return layer.Save(key)
}

// launchManager puts the package manager into the image, for start commands such as `npm start`.
func (j *job) launchManager(ctx context.Context) error {
	layer, err := j.Layer("manager", cnb.Use{Launch: true})
	if err != nil {
		return err
	}
	version, err := j.tools.resolve(ctx, j.manager.pkg, j.manager.versions)
	if err != nil {
		return unreachable(err)
	}
	j.tools.keep(j.manager.pkg, version)
	key := j.manager.pkg + " " + version.String()
	if !layer.Holds(key) {
		if err := layer.Empty(); err != nil {
			return err
		}
		if err := j.unpackManager(ctx, layer.Path); err != nil {
			return err
		}
	}
	return layer.Save(key)
}
