package npmregistry

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// integrityPrefix is the one checksum accepted.
const integrityPrefix = "sha512-"

// Download stores a release's tarball at path, which appears only when its checksum is right.
func (r *Registry) Download(ctx context.Context, release Release, path string) error {
	body, err := r.open(ctx, release.Tarball)
	if err != nil {
		return err
	}
	defer body.Close()
	part, err := os.Create(path + ".part")
	if err != nil {
		return fmt.Errorf("store %s: %w", release.Package, err)
	}
	defer os.Remove(part.Name())
	sum := sha512.New()
	_, err = io.Copy(io.MultiWriter(part, sum), body)
	if err = errors.Join(err, part.Close()); err != nil {
		return fmt.Errorf("download %s %s: %w", release.Package, release.Version, err)
	}
	if got := integrityPrefix + base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != release.Integrity {
		return fmt.Errorf("download %s %s: its checksum is %s, the registry promised %s", release.Package, release.Version, got, release.Integrity)
	}
	return os.Rename(part.Name(), path)
}

// Unpack writes those files of a tarball for which keep says yes into dir. keep gets the name
// inside the package, such as "bin/node".
func Unpack(tarball, dir string, keep func(name string) bool) error {
	file, err := os.Open(tarball)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(tarball), err)
	}
	reader := tar.NewReader(unzipped)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(tarball), err)
		}
		if err := unpackFile(reader, header, dir, keep); err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(tarball), err)
		}
	}
}

func unpackFile(content io.Reader, header *tar.Header, dir string, keep func(string) bool) error {
	// Every name starts with one directory, usually "package".
	_, name, ok := strings.Cut(header.Name, "/")
	if !ok || header.Typeflag != tar.TypeReg || !keep(name) {
		return nil
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%q leads out of the package", header.Name)
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if header.Mode&0o111 != 0 {
		mode = 0o755
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
