package deployer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// resizeFS is EXT4_IOC_RESIZE_FS, _IOW('f', 16, __u64): the new number of blocks of a mounted file system.
const resizeFS = 0x40086610

// errGrowsLater is why a volume is not as large as it should be yet: this daemon lacks CAP_SYS_RESOURCE,
// so its file system can grow only while nobody has it mounted, and somebody has.
var errGrowsLater = errors.New("the volume grows when nothing that has it runs")

// grow lets a mounted volume have a size: its file first, then the loop device, then the file system. One
// that is larger stays as large, and a growth that was interrupted goes on. It is done online where the
// kernel lets this daemon, else while the volume is not in use.
func (d disk) grow(ctx context.Context, size int64, inUse func() (bool, error)) error {
	info, err := os.Stat(d.image())
	if err != nil {
		return fmt.Errorf("measure its file: %w", err)
	}
	err = resize(d.point(), info.Size()) // what is as large already does not change
	if errors.Is(err, unix.EPERM) {
		return d.growUnmounted(ctx, max(size, info.Size()), inUse)
	}
	if err != nil || size <= info.Size() {
		return err
	}
	if err := d.enlarge(size); err != nil {
		return err
	}
	return resize(d.point(), size)
}

// enlarge lets the file of a volume grow, and the loop device that it has.
func (d disk) enlarge(size int64) error {
	file, err := os.OpenFile(d.image(), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open its file: %w", err)
	}
	defer file.Close()
	if err := errors.Join(file.Truncate(size), file.Sync()); err != nil {
		return fmt.Errorf("let its file grow: %w", err)
	}
	device, err := heldDevice(file)
	if err != nil || device == nil {
		return err
	}
	defer device.Close()
	if err := unix.IoctlSetInt(int(device.Fd()), unix.LOOP_SET_CAPACITY, 0); err != nil {
		return fmt.Errorf("let its loop device grow: %w", err)
	}
	return nil
}

// resize asks the kernel to let a mounted ext4 have as many blocks as fit into a size.
func resize(point string, size int64) error {
	root, err := os.Open(point)
	if err != nil {
		return fmt.Errorf("open its file system: %w", err)
	}
	defer root.Close()
	var inside unix.Statfs_t
	if err := unix.Fstatfs(int(root.Fd()), &inside); err != nil {
		return fmt.Errorf("measure its file system: %w", err)
	}
	blocks := uint64(size / inside.Bsize)
	if _, _, failed := unix.Syscall(unix.SYS_IOCTL, root.Fd(), resizeFS, uintptr(unsafe.Pointer(&blocks))); failed != 0 {
		return fmt.Errorf("let its file system grow: %w", failed)
	}
	return nil
}

// growthRest is what a file system may lack of its file: ext4 leaves out a last group that would hold
// little beside its own tables.
const growthRest = 8 << 20

// growUnmounted lets a volume grow that nobody uses: it is unmounted, checked, resized and mounted again.
func (d disk) growUnmounted(ctx context.Context, size int64, inUse func() (bool, error)) error {
	capacity, err := d.capacity()
	if err != nil || size-capacity <= growthRest && d.bytes() >= size {
		return err
	}
	if used, err := inUse(); err != nil || used {
		return errors.Join(errGrowsLater, err)
	}
	if err := d.unmount(); err != nil {
		return errors.Join(errGrowsLater, err)
	}
	grown := d.resizeFile(ctx, size)
	return errors.Join(grown, d.mount())
}

// bytes is the size of the volume's file; 0 when it cannot be told.
func (d disk) bytes() int64 {
	info, err := os.Stat(d.image())
	if err != nil {
		return 0
	}
	return info.Size()
}

// unmount returns when the loop device has gone, too.
func (d disk) unmount() error {
	file, err := os.Open(d.image())
	if err != nil {
		return fmt.Errorf("open its file: %w", err)
	}
	defer file.Close()
	if err := unix.Unmount(d.point(), 0); err != nil {
		return fmt.Errorf("unmount: %w", err)
	}
	for range unmountTries {
		device, err := heldDevice(file)
		if err != nil {
			return errors.Join(err, d.mount())
		}
		if device == nil {
			return nil
		}
		_ = device.Close()
		time.Sleep(unmountPause)
	}
	return errors.Join(unix.EBUSY, d.mount())
}

// resizeFile resizes the file system in the file of a volume that is mounted nowhere.
func (d disk) resizeFile(ctx context.Context, size int64) error {
	checked, err := exec.CommandContext(ctx, "e2fsck", "-f", "-p", d.image()).CombinedOutput()
	if failed, is := errors.AsType[*exec.ExitError](err); is && failed.ExitCode() == 1 { // e2fsck(8): errors were corrected
		err = nil
	}
	if err != nil {
		return fmt.Errorf("check its file system: %w: %s", err, checked)
	}
	if err := d.enlarge(size); err != nil {
		return err
	}
	if resized, err := exec.CommandContext(ctx, "resize2fs", d.image()).CombinedOutput(); err != nil {
		return fmt.Errorf("let its file system grow: %w: %s", err, resized)
	}
	return nil
}

// Where ext4 keeps its superblock, and in that the parts that make its size (Linux,
// Documentation/filesystems/ext4/super.rst).
const (
	superblockAt   = 1024
	superblockSize = 1024
	blocksLow      = 0x4
	logBlockSize   = 0x18
	magicNumber    = 0x38
	blocksHigh     = 0x150
	ext4Magic      = 0xEF53
)

// capacity is the size of the file system in the volume, as its superblock says. That of a mounted one
// is in the memory of its loop device before it is in the file.
func (d disk) capacity() (int64, error) {
	file, err := os.Open(d.image())
	if err != nil {
		return 0, fmt.Errorf("open its file: %w", err)
	}
	defer file.Close()
	from := file
	if device, err := heldDevice(file); err != nil {
		return 0, err
	} else if device != nil {
		defer device.Close()
		from = device
	}
	super := make([]byte, superblockSize)
	if _, err := from.ReadAt(super, superblockAt); err != nil {
		return 0, fmt.Errorf("read its superblock: %w", err)
	}
	if binary.LittleEndian.Uint16(super[magicNumber:]) != ext4Magic {
		return 0, fmt.Errorf("its file holds no ext4")
	}
	blocks := int64(binary.LittleEndian.Uint32(super[blocksLow:])) | int64(binary.LittleEndian.Uint32(super[blocksHigh:]))<<32
	return blocks << (10 + binary.LittleEndian.Uint32(super[logBlockSize:])), nil
}

// mend mounts a volume that is not mounted, and ends a growth that was interrupted; it says what it did.
func (d disk) mend(ctx context.Context, inUse func() (bool, error)) (change string, err error) {
	if !d.bounded() {
		return "", nil
	}
	mounted, err := isMounted(d.point())
	if err != nil {
		return "", err
	}
	if !mounted {
		if err := d.mount(); err != nil {
			return "", err
		}
		change = "Mounted"
	}
	before, err := d.capacity()
	if err != nil {
		return change, err
	}
	if err := d.grow(ctx, 0, inUse); err != nil && !errors.Is(err, errGrowsLater) {
		return change, err
	}
	if after, err := d.capacity(); err != nil || after == before {
		return change, err
	}
	return "Enlarged", nil
}
