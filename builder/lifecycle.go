package builder

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/buildpacks/lifecycle/api"
)

// lifecyclePhases are the names by which the one lifecycle executable is called.
var lifecyclePhases = [...]string{"detector", "analyzer", "restorer", "builder", "exporter", "creator", "rebaser", "extender"}

// writeLifecycle packs the lifecycle as pack expects it, a tar.gz with one directory.
//
// The executable may be run but not read: the kernel then keeps its memory and its environment, where
// the registry's password is, from other processes of the same user, which is what buildpacks are.
func writeLifecycle(path, version string, executables artefacts) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("pack the lifecycle: %w", err)
	}
	defer file.Close()
	zipped, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("pack the lifecycle: %w", err)
	}
	archive := tar.NewWriter(zipped)
	entries := []struct {
		header   tar.Header
		contents string
	}{
		{tar.Header{Name: "lifecycle.toml", Mode: 0o644}, lifecycleDescriptor(version)},
		{tar.Header{Name: "lifecycle/lifecycle", Mode: 0o711}, string(executables.lifecycle)},
		{tar.Header{Name: "lifecycle/launcher", Mode: 0o755}, string(executables.launcher)},
	}
	for _, phase := range lifecyclePhases {
		link := tar.Header{Name: "lifecycle/" + phase, Typeflag: tar.TypeSymlink, Linkname: "lifecycle", Mode: 0o777}
		entries = append(entries, struct {
			header   tar.Header
			contents string
		}{header: link})
	}
	for _, entry := range entries {
		entry.header.Size = int64(len(entry.contents))
		if err := archive.WriteHeader(&entry.header); err != nil {
			return fmt.Errorf("pack the lifecycle: %w", err)
		}
		if _, err := io.WriteString(archive, entry.contents); err != nil {
			return fmt.Errorf("pack the lifecycle: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("pack the lifecycle: %w", err)
	}
	return zipped.Close()
}

// lifecycleDescriptor is the lifecycle.toml that says which APIs the embedded lifecycle speaks.
func lifecycleDescriptor(version string) string {
	return fmt.Sprintf(`[lifecycle]
version = %q

[api]
buildpack = "0.7"
platform = "0.7"

[apis.buildpack]
deprecated = []
supported = %s

[apis.platform]
deprecated = []
supported = %s
`, version, api.Buildpack.Supported, api.Platform.Supported)
}

// lifecycleVersion is the version that this binary was compiled with; the embedded executables come
// from the same module.
func lifecycleVersion() string {
	const fallback = "0.20.12"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fallback
	}
	for _, dependency := range info.Deps {
		if dependency.Path == "github.com/buildpacks/lifecycle" {
			return strings.TrimPrefix(dependency.Version, "v")
		}
	}
	return fallback
}
