package cli

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// disks are the directories whose file systems must not fill: ours and the engine's.
type disks []string

// free is how many bytes are left on the fullest of them.
func (d disks) free() (int64, error) {
	_, free, err := d.fullest()
	return free, err
}

// fullest is the size of the file system that has the least left, and that.
func (d disks) fullest() (size, free int64, err error) {
	free = -1
	for _, path := range d {
		var found unix.Statfs_t
		if err := unix.Statfs(path, &found); err != nil {
			return 0, 0, fmt.Errorf("measure the disk of %s: %w", path, err)
		}
		if left := int64(found.Bavail) * found.Bsize; free < 0 || left < free {
			size, free = int64(found.Blocks)*found.Bsize, left
		}
	}
	return size, free, nil
}
