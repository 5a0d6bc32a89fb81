package builder

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
)

// seed is what is copied into a build container before it starts, because putting it into an image,
// as pack does, would leave it on disk and cost the saving of an image each build.
type seed struct {
	uid, gid int
	dirs     []string          // handed to the user: the mount points of fresh volumes
	files    map[string]string // owned by root, readable by all
}

// archive is the seed as a tar to be unpacked at the container's root.
func (s seed) archive() ([]byte, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	for _, dir := range s.dirs {
		header := tar.Header{Typeflag: tar.TypeDir, Name: relative(dir) + "/", Mode: 0o755, Uid: s.uid, Gid: s.gid}
		if err := archive.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("prepare build container: %w", err)
		}
	}
	made := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		if parent := path.Dir(name); !made[parent] && parent == envDir {
			made[parent] = true
			header := tar.Header{Typeflag: tar.TypeDir, Name: relative(parent) + "/", Mode: 0o755}
			if err := archive.WriteHeader(&header); err != nil {
				return nil, fmt.Errorf("prepare build container: %w", err)
			}
		}
		header := tar.Header{Typeflag: tar.TypeReg, Name: relative(name), Mode: 0o644, Size: int64(len(s.files[name]))}
		if err := archive.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("prepare build container: %w", err)
		}
		if _, err := archive.Write([]byte(s.files[name])); err != nil {
			return nil, fmt.Errorf("prepare build container: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("prepare build container: %w", err)
	}
	return packed.Bytes(), nil
}

func relative(name string) string { return path.Clean(name)[1:] }
