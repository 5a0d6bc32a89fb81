package cli

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// disks are the directories whose file systems must not fill: ours and the engine's.
type disks []string

// free is how many bytes are left on the fullest of them.
func (d disks) free() (int64, error) {
	least := int64(-1)
	for _, path := range d {
		var found unix.Statfs_t
		if err := unix.Statfs(path, &found); err != nil {
			return 0, fmt.Errorf("measure the disk of %s: %w", path, err)
		}
		if free := int64(found.Bavail) * found.Bsize; least < 0 || free < least {
			least = free
		}
	}
	return least, nil
}
