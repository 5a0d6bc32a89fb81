package registry

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Check looks whether everything in a registry's directory is what its name says, and whether images (address/
// repository@sha256:…) are there with all their layers.
func Check(dir string, images []string) (err error) {
	if err := checkBlobs(dir); err != nil {
		return err
	}
	if len(images) == 0 {
		return nil
	}
	s, err := openStorage(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, image := range images {
		_, name, _ := strings.Cut(image, "/")
		repository, digest, _ := strings.Cut(name, "@sha256:")
		if whole, err := s.has(repository, digest); err != nil || !whole {
			return errors.Join(fmt.Errorf("the registry does not have all of the image %s", image), err)
		}
	}
	return nil
}

func checkBlobs(dir string) error {
	root := filepath.Join(dir, "docker/registry/v2/blobs/sha256")
	err := filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "data" {
			return err
		}
		blob, err := os.Open(at)
		if err != nil {
			return err
		}
		defer blob.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, blob); err != nil {
			return err
		}
		if hex := filepath.Base(filepath.Dir(at)); hex != fmt.Sprintf("%x", sum.Sum(nil)) {
			return fmt.Errorf("the layer sha256:%s is damaged", hex)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) { // there never was one
		return nil
	}
	return err
}

// partsOf are the hexadecimal digests of what a manifest names; none when it is none.
func partsOf(manifest []byte) (hexes []string, err error) {
	type blob struct{ Digest string }
	var said struct {
		Config blob
		Layers []blob
	}
	if err := json.Unmarshal(manifest, &said); err != nil {
		return nil, err
	}
	for _, part := range append(said.Layers, said.Config) {
		hex, isDigest := strings.CutPrefix(part.Digest, "sha256:")
		if !isDigest || len(hex) != 64 || strings.ContainsRune(hex, '/') {
			return nil, fmt.Errorf("%q is no digest", part.Digest)
		}
		hexes = append(hexes, hex)
	}
	return hexes, nil
}

// blobPath is where distribution keeps what has a digest.
func blobPath(hex string) string { return path.Join("sha256", hex[:2], hex, "data") }
