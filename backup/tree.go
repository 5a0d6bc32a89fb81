package backup

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// TreeOptions say what of a directory goes into an archive.
type TreeOptions struct {
	Skip   func(name string) bool // by its path below the directory, with slashes; nil skips nothing
	Owners bool                   // keeps who has the files
}

// AddTree adds what is below a directory, by the names that it has there and below name. What is neither a file,
// a directory nor a link, like a socket, is left out.
func (w *Writer) AddTree(ctx context.Context, name, dir string, options TreeOptions) error {
	return filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		below, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		if below = filepath.ToSlash(below); options.Skip != nil && below != "." && options.Skip(below) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		target := path.Join(name, below)
		if target == "." {
			return nil
		}
		return w.AddPath(target, at, options.Owners)
	})
}

// AddPath adds one file by another name; a directory without what is in it.
func (w *Writer) AddPath(name, at string, owners bool) error {
	info, err := os.Lstat(at)
	if err != nil {
		return err
	}
	file := File{Name: name, Mode: info.Mode(), Size: info.Size()}
	if owners {
		if file.Owner, err = ownerOf(at); err != nil {
			return err
		}
	}
	switch {
	case info.Mode().IsRegular():
		return w.addRegular(file, at)
	case info.IsDir():
		return w.Add(file, nil)
	case info.Mode()&fs.ModeSymlink != 0:
		if file.Target, err = os.Readlink(at); err != nil {
			return err
		}
		return w.Add(file, nil)
	}
	return nil
}

func (w *Writer) addRegular(file File, at string) error {
	content, err := os.Open(at)
	if err != nil {
		return err
	}
	defer content.Close()
	info, err := content.Stat()
	if err != nil {
		return err
	}
	file.Size = info.Size()
	if file.Segments, err = Segments(content); err != nil {
		return err
	}
	return w.Add(file, content)
}

func ownerOf(at string) (*Owner, error) {
	var found unix.Stat_t
	if err := unix.Lstat(at, &found); err != nil {
		return nil, fmt.Errorf("find the owner of %s: %w", at, err)
	}
	return &Owner{int(found.Uid), int(found.Gid)}, nil
}
