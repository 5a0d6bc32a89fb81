package deployer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/paas"
)

// disk is the directory of a volume: a file of fixed size with a file system in it, and where that is
// mounted. What containers see is a directory inside it, so that nothing can be started that would
// write beside a file system that is not mounted. A host that cannot mount it has that directory alone,
// and no bound for what is in it.
type disk struct{ path string }

func (d disk) image() string      { return filepath.Join(d.path, "disk.ext4") }
func (d disk) unfinished() string { return d.image() + ".new" }
func (d disk) point() string      { return filepath.Join(d.path, "mounted") }
func (d disk) content() string    { return filepath.Join(d.path, "mounted", "data") }

// errUnbounded is why a volume has no bound: this host cannot enforce one.
var errUnbounded = errors.New("this host does not enforce the size of a volume")

// ensure makes the volume where it is not there, and mounts it; it tells whether its size is enforced.
func (d disk) ensure(ctx context.Context, size int64, owner, group int) (enforced bool, err error) {
	if err := os.MkdirAll(d.point(), 0o711); err != nil {
		return false, fmt.Errorf("make its directory: %w", err)
	}
	if err := d.make(ctx, size); err != nil && !errors.Is(err, errUnbounded) {
		return false, err
	}
	if err := d.mount(); err != nil {
		return false, err
	}
	if err := os.Mkdir(d.content(), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, fmt.Errorf("make its content: %w", err)
	}
	if err := os.Chown(d.content(), owner, group); err != nil {
		return false, fmt.Errorf("give it to the container's user: %w", err)
	}
	return d.bounded(), nil
}

// bounded tells whether the volume has a file system of its own.
func (d disk) bounded() bool {
	_, err := os.Stat(d.image())
	return err == nil
}

// make writes an empty file system of a size, whole or not at all. Once there is content without one it
// stays so.
func (d disk) make(ctx context.Context, size int64) error {
	if _, err := os.Stat(d.content()); err == nil || d.bounded() {
		return nil
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		return errUnbounded
	}
	if mounted, err := isMounted(d.point()); err != nil || mounted {
		return errors.Join(err, d.accept()) // interrupted between mounting and naming it
	}
	if err := writeSparse(d.unfinished(), size); err != nil {
		return fmt.Errorf("make its file: %w", err)
	}
	made, err := exec.CommandContext(ctx, "mkfs.ext4", "-q", "-F", "-m", "0", d.unfinished()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make its file system: %w: %s", err, made)
	}
	err = mountFile(d.unfinished(), d.point())
	if cannotMount(err) {
		return errors.Join(errUnbounded, os.Remove(d.unfinished()))
	}
	if err != nil {
		return err
	}
	return d.accept()
}

// accept gives a file system that this host could mount its name.
func (d disk) accept() error {
	if err := os.Rename(d.unfinished(), d.image()); err != nil {
		return fmt.Errorf("take its file into use: %w", err)
	}
	return nil
}

// writeSparse makes an empty file that nobody else reads.
func writeSparse(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(size), file.Close())
}

// mount mounts the volume where it is not.
func (d disk) mount() error {
	if !d.bounded() {
		return nil
	}
	mounted, err := isMounted(d.point())
	if err != nil || mounted {
		return err
	}
	if err := os.MkdirAll(d.point(), 0o711); err != nil {
		return fmt.Errorf("make its directory: %w", err)
	}
	return mountFile(d.image(), d.point())
}

// measure says how large the volume may become, 0 when that is not enforced, and how large it is.
func (d disk) measure() (paas.VolumeUse, error) {
	info, err := os.Stat(d.image())
	if errors.Is(err, fs.ErrNotExist) {
		used, err := treeSize(d.content())
		return paas.VolumeUse{Used: paas.Bytes(used)}, err
	}
	if err != nil {
		return paas.VolumeUse{}, err
	}
	use := paas.VolumeUse{Size: paas.Bytes(info.Size())}
	if use.Attached, err = isMounted(d.point()); err != nil {
		return use, err
	}
	if use.Attached {
		use.Used, err = usedIn(d.point())
	} else {
		var file unix.Stat_t
		err = unix.Stat(d.image(), &file)
		use.Used = paas.Bytes(file.Blocks * 512)
	}
	if err != nil {
		return use, err
	}
	capacity, err := d.capacity()
	use.Capacity = paas.Bytes(capacity)
	return use, err
}

func usedIn(point string) (paas.Bytes, error) {
	var inside unix.Statfs_t
	if err := unix.Statfs(point, &inside); err != nil {
		return 0, fmt.Errorf("measure the file system: %w", err)
	}
	return paas.Bytes(int64(inside.Blocks-inside.Bfree) * inside.Bsize), nil
}

// treeSize adds up what files take. What goes away meanwhile is not counted.
func treeSize(root string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil && info.Mode().IsRegular() {
				sum += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return sum, err
}

// How often unmounting is tried: a container that has just ended may still be leaving.
const (
	unmountTries = 50
	unmountPause = 20 * time.Millisecond
)

// leave unmounts the volume, for good or until it is ensured again. Who still holds it keeps its blocks.
func (d disk) leave() error {
	for try := range unmountTries {
		mounted, err := isMounted(d.point())
		if err != nil {
			return err
		}
		if !mounted {
			return nil
		}
		flags := 0
		if try == unmountTries-1 {
			flags = unix.MNT_DETACH
		}
		switch err := unix.Unmount(d.point(), flags); {
		case errors.Is(err, unix.EBUSY):
			time.Sleep(unmountPause)
		case err != nil:
			return fmt.Errorf("unmount: %w", err)
		}
	}
	return nil
}

// remove unmounts the volume and deletes it.
func (d disk) remove() error {
	if err := d.leave(); err != nil {
		return err
	}
	// The file system goes first: what is left has no name that would be mounted again.
	if err := os.Remove(d.image()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(d.path)
}
