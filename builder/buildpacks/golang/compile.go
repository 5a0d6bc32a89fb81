package golang

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// cachesKey is the layout of the cached layers.
const cachesKey = "caches 1"

// caches are what the Go command keeps from build to build: compiled packages, and downloaded
// modules (toolchains among them).
type caches struct {
	compiled *cnb.Layer
	modules  *cnb.Layer
}

func openCaches(b *cnb.Build) (*caches, error) {
	c := &caches{}
	for _, open := range []struct {
		name string
		into **cnb.Layer
	}{{"compiled", &c.compiled}, {"modules", &c.modules}} {
		layer, err := b.Layer(open.name, cnb.Use{Cache: true})
		if err != nil {
			return nil, err
		}
		if !layer.Holds(cachesKey) {
			if err := layer.Empty(); err != nil {
				return nil, err
			}
		}
		*open.into = layer
	}
	return c, nil
}

func (c *caches) save() error {
	// A toolchain stays unpacked; its archive would only double the cache.
	archives, err := filepath.Glob(filepath.Join(c.modules.Path, "cache/download/golang.org/toolchain/@v/*.zip"))
	if err != nil {
		return err
	}
	for _, archive := range archives {
		if err := os.Remove(archive); err != nil {
			return fmt.Errorf("tidy the module cache: %w", err)
		}
	}
	if err := c.compiled.Save(cachesKey); err != nil {
		return err
	}
	return c.modules.Save(cachesKey)
}

// environment tells the Go command where its caches are. Directories of the module cache stay
// writable, so that the lifecycle can replace them.
func (c *caches) environment(env cnb.Environment) cnb.Environment {
	out := env.With(
		"GOCACHE", c.compiled.Path,
		"GOMODCACHE", c.modules.Path,
		"GOFLAGS", "-modcacherw "+env.Get("GOFLAGS"),
	)
	out.Default("GOTOOLCHAIN", "auto")
	return out
}

func compile(ctx context.Context, b *cnb.Build, caches *caches, programs *cnb.Layer, targets []target) error {
	if err := programs.Empty(); err != nil {
		return err
	}
	bin := filepath.Join(programs.Path, "bin")
	for _, target := range targets {
		b.Logf("go build %s", target.pattern)
		args := []string{"go", "build", "-trimpath", "-buildvcs=false",
			"-ldflags=-s -w " + b.Env.Get("BP_GO_BUILD_LDFLAGS"),
			"-o", filepath.Join(bin, target.program), target.pattern}
		if output, err := b.Run(ctx, cnb.Command{Env: caches.environment(b.Env), Args: args}); err != nil {
			return diagnose(output)
		}
	}
	return nil
}
