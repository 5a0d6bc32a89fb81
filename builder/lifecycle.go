package builder

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/buildpacks/lifecycle/api"
	"github.com/docker/docker/api/types/image"
)

// lifecyclePhases are the names by which the one lifecycle executable is called.
var lifecyclePhases = [...]string{"detector", "analyzer", "restorer", "builder", "exporter", "creator", "rebaser", "extender"}

// packLifecycle makes the tar.gz from which pack takes the lifecycle of a new builder.
func packLifecycle(path string, executables artefacts) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("pack the lifecycle: %w", err)
	}
	defer file.Close()
	zipped, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("pack the lifecycle: %w", err)
	}
	descriptor := entry{tar.Header{Name: "lifecycle.toml", Mode: 0o644}, []byte(lifecycleDescriptor())}
	if err := writeTar(zipped, append(lifecycleEntries("lifecycle/", executables), descriptor)); err != nil {
		return fmt.Errorf("pack the lifecycle: %w", err)
	}
	return zipped.Close()
}

// entry is one entry of a tar.
type entry struct {
	header   tar.Header
	contents []byte
}

// lifecycleEntries are the executables and the names that they are called by.
//
// The lifecycle may be run but not read: the kernel then keeps its memory and its environment, where
// the registry's password is, from other processes of the same user, which is what buildpacks are.
func lifecycleEntries(dir string, executables artefacts) []entry {
	entries := []entry{
		{tar.Header{Name: dir + "lifecycle", Mode: 0o711}, executables.lifecycle},
		{tar.Header{Name: dir + "launcher", Mode: 0o755}, executables.launcher},
	}
	for _, phase := range lifecyclePhases {
		entries = append(entries, entry{header: tar.Header{Name: dir + phase, Typeflag: tar.TypeSymlink, Linkname: "lifecycle", Mode: 0o777}})
	}
	return entries
}

func writeTar(to io.Writer, entries []entry) error {
	archive := tar.NewWriter(to)
	for _, each := range entries {
		each.header.Size = int64(len(each.contents))
		if err := archive.WriteHeader(&each.header); err != nil {
			return err
		}
		if _, err := archive.Write(each.contents); err != nil {
			return err
		}
	}
	return archive.Close()
}

// ensureLifecycle makes an image with nothing but the lifecycle in it. It does the work around the
// buildpacks of builders that are not ours: theirs never see the registry's password.
func (m *maker) ensureLifecycle(ctx context.Context, r recipe) error {
	if m.has(ctx, r.lifecycleImage()) {
		return nil
	}
	executables, err := loadArtefacts(r.Arch)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	entries := append(lifecycleEntries("cnb/lifecycle/", executables), entry{header: tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777}})
	if err := writeTar(&packed, entries); err != nil {
		return fmt.Errorf("pack the lifecycle: %w", err)
	}
	apis, err := json.Marshal(map[string]any{"platform": map[string]any{"supported": api.Platform.Supported, "deprecated": []string{}}})
	if err != nil {
		return fmt.Errorf("pack the lifecycle: %w", err)
	}
	answer, err := m.docker.ImageImport(ctx, image.ImportSource{Source: &packed, SourceName: "-"}, r.lifecycleImage(), image.ImportOptions{
		Platform: "linux/" + r.Arch,
		Changes:  []string{fmt.Sprintf("LABEL io.buildpacks.lifecycle.apis=%q", apis), labelChange(m.labels("lifecycle"))},
	})
	if err == nil {
		err = drain(answer)
	}
	if err != nil {
		return fmt.Errorf("import the lifecycle's image: %w", err)
	}
	return nil
}

// lifecycleDescriptor is the lifecycle.toml that says which APIs the embedded lifecycle speaks.
func lifecycleDescriptor() string {
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
`, lifecycleVersion(), api.Buildpack.Supported, api.Platform.Supported)
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
