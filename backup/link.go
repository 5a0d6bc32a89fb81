package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// linkTries is how often a tree is linked anew because files in it went away meanwhile.
const linkTries = 10

// CopyTree copies a directory, but for what is skipped and what goes away meanwhile.
func CopyTree(from, to string, skip func(name string) bool) error {
	_, err := rebuild(from, to, skip, copyFile)
	return err
}

// LinkTree makes a second directory with the same files (link(2)): what is written once and then only removed, like
// git's objects, stays there as it is now. Both are on one file system. A file that goes away meanwhile may have
// become part of another, so then all is looked at again; that other one is in a directory that is looked at later
// by its name, as git's packs are, or in a small one, of which one look sees either.
func LinkTree(from, to string, skip func(name string) bool) error {
	for range linkTries {
		missed, err := rebuild(from, to, skip, linkFile)
		if err != nil || !missed {
			return err
		}
	}
	return fmt.Errorf("%s changed all the time", from)
}

func linkFile(from, to string, _ fs.FileMode) error {
	if err := os.Link(from, to); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func copyFile(from, to string, mode fs.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// rebuild makes the directories of a tree, and its files by put; missed tells whether something went away meanwhile.
func rebuild(from, to string, skip func(string) bool, put func(from, to string, mode fs.FileMode) error) (missed bool, err error) {
	err = filepath.WalkDir(from, func(at string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(from, at) // at is below from
		if errors.Is(err, fs.ErrNotExist) && name != "." {
			missed = true
			return nil
		}
		if err != nil {
			return err
		}
		if skip != nil && name != "." && skip(filepath.ToSlash(name)) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		target := filepath.Join(to, name)
		switch kind := entry.Type(); {
		case kind.IsDir():
			err = os.MkdirAll(target, 0o700)
		case kind.IsRegular():
			err = put(at, target, 0o600)
		case kind&fs.ModeSymlink != 0:
			err = relink(at, target)
		}
		if errors.Is(err, fs.ErrNotExist) {
			missed = true
			return nil
		}
		return err
	})
	return missed, err
}

func relink(from, to string) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	if err := os.Symlink(target, to); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
