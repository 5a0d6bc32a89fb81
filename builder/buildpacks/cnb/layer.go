package cnb

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"
)

// Use says what becomes of a layer after the build.
type Use struct {
	Launch bool `toml:"launch"` // is part of the image
	Build  bool `toml:"build"`  // later buildpacks see it
	Cache  bool `toml:"cache"`  // its files come back at the next build
}

// Layer is one directory of files with the key that says what they were made from.
//
// A launch layer that is not cached comes back as a key only: when the key still holds, saving
// the layer without its directory takes the files from the previous image, at no cost.
type Layer struct {
	Name string
	Path string
	Note string // kept beside the key, for what a later build must know of files it does not see
	use  Use
	key  string // of the restored layer; "" when nothing was restored
}

type layerFile struct {
	Types    Use           `toml:"types"`
	Metadata layerMetadata `toml:"metadata"`
}

type layerMetadata struct {
	Key  string `toml:"key"`
	Note string `toml:"note,omitempty"`
}

// Layer opens the layer called name, restored or new.
func (b *Build) Layer(name string, use Use) (*Layer, error) {
	layer := &Layer{Name: name, Path: filepath.Join(b.LayersDir, name), use: use}
	var restored layerFile
	_, err := toml.DecodeFile(layer.file(), &restored)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read layer %s: %w", name, err)
	}
	layer.key, layer.Note = restored.Metadata.Key, restored.Metadata.Note
	return layer, nil
}

// Holds says whether the restored layer was made from what key describes. A cached layer must
// have its files; one that only goes into the image need not.
func (l *Layer) Holds(key string) bool {
	if l.key != key {
		return false
	}
	if !l.use.Cache {
		return true
	}
	_, err := os.Stat(l.Path)
	return err == nil
}

// Empty removes what was restored and makes a new, empty directory.
func (l *Layer) Empty() error {
	l.key, l.Note = "", ""
	if err := os.RemoveAll(l.Path); err != nil {
		return fmt.Errorf("empty layer %s: %w", l.Name, err)
	}
	if err := os.MkdirAll(l.Path, 0o755); err != nil {
		return fmt.Errorf("make layer %s: %w", l.Name, err)
	}
	return nil
}

// Save declares the layer, made from what key describes.
func (l *Layer) Save(key string) error {
	l.key = key
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(layerFile{Types: l.use, Metadata: layerMetadata{Key: key, Note: l.Note}}); err != nil {
		return fmt.Errorf("encode layer %s: %w", l.Name, err)
	}
	if err := os.WriteFile(l.file(), text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("save layer %s: %w", l.Name, err)
	}
	return nil
}

// SetLaunchDefault gives a variable to the running application unless the user sets it.
func (l *Layer) SetLaunchDefault(name, value string) error {
	return l.setLaunch(name+".default", value)
}

// PrependLaunchPath puts dir first on the running application's PATH.
func (l *Layer) PrependLaunchPath(dir string) error {
	return errors.Join(l.setLaunch("PATH.prepend", dir), l.setLaunch("PATH.delim", ":"))
}

func (l *Layer) setLaunch(file, value string) error {
	dir := filepath.Join(l.Path, "env.launch")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make layer environment: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, file), []byte(value), 0o644)
}

func (l *Layer) file() string { return l.Path + ".toml" }
