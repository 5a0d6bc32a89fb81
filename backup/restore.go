package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"
	"golang.org/x/sys/unix"
)

// Extract writes an archive's files below a directory, which has to be there. They are durable when it returns;
// what is there after an error is of no use.
func Extract(ctx context.Context, from io.Reader, identities []age.Identity, dir string) (Manifest, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Manifest{}, fmt.Errorf("restore: %w", err)
	}
	defer root.Close()
	modes := map[string]fs.FileMode{} // of directories, which what is in them may not fit
	manifest, err := Read(from, identities, func(file File, data io.Reader) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := root.MkdirAll(filepath.Dir(file.Name), 0o700); err != nil {
			return fmt.Errorf("restore %s: %w", file.Name, err)
		}
		if file.Mode.IsDir() {
			modes[file.Name] = file.Mode.Perm()
		}
		if err := extract(root, file, data); err != nil {
			return fmt.Errorf("restore %s: %w", file.Name, err)
		}
		return nil
	})
	for name, mode := range modes {
		err = errors.Join(err, root.Chmod(name, mode))
	}
	if err != nil {
		return manifest, err
	}
	return manifest, syncAll(dir)
}

func extract(root *os.Root, file File, data io.Reader) error {
	switch {
	case file.Mode.IsDir():
		if err := root.MkdirAll(file.Name, 0o700); err != nil {
			return err
		}
	case file.Mode&fs.ModeSymlink != 0:
		if err := root.Symlink(file.Target, file.Name); err != nil {
			return err
		}
	default:
		if err := extractRegular(root, file, data); err != nil {
			return err
		}
	}
	if file.Owner == nil {
		return nil
	}
	return root.Lchown(file.Name, file.Owner.User, file.Owner.Group)
}

func extractRegular(root *os.Root, file File, data io.Reader) (err error) {
	out, err := root.OpenFile(file.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	segments := file.Segments
	if segments == nil {
		segments = []Segment{{0, file.Size}}
	}
	for _, s := range segments {
		if _, err := io.CopyN(io.NewOffsetWriter(out, s.Offset), data, s.Length); err != nil {
			return err
		}
	}
	return errors.Join(out.Truncate(file.Size), out.Chmod(file.Mode.Perm()))
}

// syncAll makes everything that was written on a directory's file system last.
func syncAll(dir string) error {
	opened, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer opened.Close()
	if err := unix.Syncfs(int(opened.Fd())); err != nil {
		return fmt.Errorf("make what was restored last: %w", err)
	}
	return nil
}
