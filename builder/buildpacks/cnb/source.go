package cnb

import (
	"os"
	"path/filepath"
)

// Source is an application as it was pushed, with the user's build variables.
type Source struct {
	AppDir string
	Env    Environment
}

// Has says whether a regular file of that name is there, at a path relative to the application.
func (s Source) Has(name string) bool {
	info, err := os.Stat(filepath.Join(s.AppDir, name))
	return err == nil && info.Mode().IsRegular()
}

// HasDir says the same of a directory.
func (s Source) HasDir(name string) bool {
	info, err := os.Stat(filepath.Join(s.AppDir, name))
	return err == nil && info.IsDir()
}

// First is the first of names that is a file, or "".
func (s Source) First(names ...string) string {
	for _, name := range names {
		if s.Has(name) {
			return name
		}
	}
	return ""
}
