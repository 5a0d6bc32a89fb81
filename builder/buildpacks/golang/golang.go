// Package golang builds Go programs. The toolchain and the caches stay behind: only the programs
// and the application's own files become part of the image.
package golang

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// FileName is the module's description.
const FileName = "go.mod"

// Claims says whether the application is a Go module.
func Claims(source cnb.Source) bool { return source.Has(FileName) }

// Buildpack is the buildpack.
func Buildpack() cnb.Buildpack {
	return cnb.Buildpack{Detect: detect, Build: build}
}

func detect(source cnb.Source) (cnb.Plan, bool, error) {
	return cnb.Plan{}, Claims(source), nil
}

func build(ctx context.Context, b *cnb.Build) error {
	module, err := readModule(b.Source)
	if err != nil {
		return err
	}
	targets, err := findTargets(b.Source, module)
	if err != nil {
		return err
	}
	programs, err := b.Layer("programs", cnb.Use{Launch: true})
	if err != nil {
		return err
	}
	key, err := programsKey(ctx, b, targets)
	if err != nil {
		return err
	}
	caches, err := openCaches(b)
	if err != nil {
		return err
	}
	if programs.Holds(key) {
		b.Logf("nothing changed: the programs of the last build are used again")
	} else if err := compile(ctx, b, caches, programs, targets); err != nil {
		return err
	}
	if err := caches.save(); err != nil {
		return err
	}
	if err := programs.Save(key); err != nil {
		return err
	}
	return b.WriteProcesses(processes(programs, targets))
}

// readModule is the module's path. What else go.mod says is the Go command's business.
func readModule(source cnb.Source) (string, error) {
	content, err := os.ReadFile(filepath.Join(source.AppDir, FileName))
	if err != nil {
		return "", cnb.Failf(cnb.CodeBadManifest, "go.mod cannot be read: %v.", err)
	}
	module, err := modfile.ParseLax(FileName, content, nil)
	if err != nil {
		return "", cnb.Failf(cnb.CodeBadManifest, "go.mod cannot be read: %v.", err)
	}
	if module.Module == nil {
		return "", cnb.Failf(cnb.CodeBadManifest, "go.mod has no module line. Run `go mod init` with the module's path.")
	}
	return module.Module.Mod.Path, nil
}

// programsKey covers everything that goes into the programs: source, compiler and its settings.
func programsKey(ctx context.Context, b *cnb.Build, targets []target) (string, error) {
	local := cnb.Command{Dir: b.TempDir, Env: b.Env.With("GOTOOLCHAIN", "local"), Args: []string{"go", "env", "GOVERSION"}}
	version, err := b.Output(ctx, local)
	if err != nil {
		return "", fmt.Errorf("ask for the Go version: %w: %s", err, version)
	}
	sum := cnb.NewChecksum("programs 1", version)
	for _, target := range targets {
		sum.Add(target.pattern)
	}
	for _, name := range []string{"GOFLAGS", "GOTOOLCHAIN", "CGO_ENABLED", "GOEXPERIMENT", "GOAMD64", "GOARM64", "BP_GO_BUILD_LDFLAGS", "CGO_CFLAGS", "CGO_LDFLAGS"} {
		sum.Add(name, b.Env.Get(name))
	}
	return sum.AddTree(b.AppDir).Sum()
}

// processes names one process a program; the one called web answers on $PORT, else the first.
func processes(layer *cnb.Layer, targets []target) []cnb.Process {
	web := max(0, slices.IndexFunc(targets, func(t target) bool { return t.program == cnb.Web }))
	var out []cnb.Process
	for i, target := range targets {
		process := cnb.Process{Type: target.program, Command: []string{filepath.Join(layer.Path, "bin", target.program)}}
		if i == web {
			process.Type, process.Default = cnb.Web, true
		}
		out = append(out, process)
	}
	return out
}

// diagnose turns the Go command's output into a failure.
func diagnose(output string) error {
	says := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(output, part) {
				return true
			}
		}
		return false
	}
	switch {
	case says("toolchain not available", "go: download go1", "invalid toolchain", "invalid go version", "GOTOOLCHAIN=local"):
		return cnb.Failf(cnb.CodeRuntimeVersion, "the Go version that go.mod asks for cannot be had. Name a released version in its go line, such as `go 1.24.0`.")
	case says("missing go.sum entry", "updates to go.mod needed", "inconsistent vendoring", "no required module provides package", "is replaced but not required"):
		return cnb.Failf(cnb.CodeLockfileMismatch, "go.mod and go.sum do not agree with the source. Run `go mod tidy` (and `go mod vendor` where there is a vendor directory) and commit what changes.")
	case says("dial tcp", "i/o timeout", "410 Gone", "404 Not Found", "checksum mismatch", "unrecognized import path"):
		return cnb.Failf(cnb.CodeInstallFailed, "a module that go.mod requires could not be downloaded; the lines above name it. Check its version, or GOPROXY and GOPRIVATE for private ones.")
	}
	return cnb.Failf(cnb.CodeGoBuild, "the Go compiler did not accept the program; the lines above say where.")
}
