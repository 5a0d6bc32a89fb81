package cnb

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Checksum collects what a layer is made from, so that the same things give the same key.
type Checksum struct {
	hash hash.Hash
	err  error
}

// NewChecksum starts a checksum with some words.
func NewChecksum(words ...string) *Checksum {
	sum := &Checksum{hash: sha256.New()}
	return sum.Add(words...)
}

// Add adds words.
func (c *Checksum) Add(words ...string) *Checksum {
	for _, word := range words {
		fmt.Fprintf(c.hash, "%d:%s\n", len(word), word)
	}
	return c
}

// AddFiles adds the content of files under dir; one that is missing counts as such.
func (c *Checksum) AddFiles(dir string, names ...string) *Checksum {
	for _, name := range names {
		c.addFile(filepath.Join(dir, name), name)
	}
	return c
}

// AddTree adds every file under dir, with its mode, except the top-level names in skip.
func (c *Checksum) AddTree(dir string, skip ...string) *Checksum {
	skipped := map[string]bool{}
	for _, name := range skip {
		skipped[name] = true
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if skipped[name] {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		return c.addEntry(path, name, entry)
	})
	c.keep(err)
	return c
}

func (c *Checksum) addEntry(path, name string, entry fs.DirEntry) error {
	switch {
	case entry.Type()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		c.Add("link", name, target)
		return err
	case entry.Type().IsRegular():
		info, err := entry.Info()
		if err != nil {
			return err
		}
		c.Add(info.Mode().Perm().String())
		c.addFile(path, name)
	}
	return nil
}

func (c *Checksum) addFile(path, name string) {
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		c.Add("missing", name)
		return
	}
	if err != nil {
		c.keep(err)
		return
	}
	defer file.Close()
	content := sha256.New()
	_, err = io.Copy(content, file)
	c.keep(err)
	c.Add("file", name, hex.EncodeToString(content.Sum(nil)))
}

func (c *Checksum) keep(err error) {
	if c.err == nil {
		c.err = err
	}
}

// Sum is the checksum in hexadecimal digits, or the first error met while reading.
func (c *Checksum) Sum() (string, error) {
	if c.err != nil {
		return "", fmt.Errorf("read the application's files: %w", c.err)
	}
	return hex.EncodeToString(c.hash.Sum(nil)), nil
}
