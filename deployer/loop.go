package deployer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// loopTries is how often a device is asked for: somebody else may take the one that the kernel offered.
const loopTries = 20

// mountFile mounts the ext4 file system that is in a file. The loop device in between goes away with
// the mount.
func mountFile(file, point string) error {
	device, err := loopDevice(file)
	if err != nil {
		return err
	}
	defer device.Close() // the mount holds it now, or nobody does
	if err := unix.Mount(device.Name(), point, "ext4", unix.MS_NOSUID|unix.MS_NODEV, "discard"); err != nil {
		return fmt.Errorf("mount %s: %w", file, err)
	}
	return nil
}

// heldDevice finds the loop device that a file has already: a file system that was unmounted here can
// still be mounted where a container is being started, and a second device would not know what the first
// one has not written yet.
func heldDevice(file *os.File) (*os.File, error) {
	var wanted unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &wanted); err != nil {
		return nil, fmt.Errorf("look at the file of a volume: %w", err)
	}
	held, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return nil, fmt.Errorf("list loop devices: %w", err)
	}
	for _, path := range held {
		backing, err := os.ReadFile(path)
		if err != nil || strings.TrimSpace(string(backing)) != file.Name() {
			continue
		}
		device, err := os.OpenFile("/dev/"+filepath.Base(filepath.Dir(filepath.Dir(path))), os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if status, err := unix.IoctlLoopGetStatus64(int(device.Fd())); err == nil && status.Inode == wanted.Ino {
			return device, nil
		}
		_ = device.Close() // it was given up, or taken for another file
	}
	return nil, nil
}

// loopDevice makes a file a block device for as long as somebody has that open or mounted.
func loopDevice(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open the file of a volume: %w", err)
	}
	defer file.Close()
	if device, err := heldDevice(file); err != nil || device != nil {
		return device, err
	}
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open the control of loop devices: %w", err)
	}
	defer control.Close()
	for range loopTries {
		device, err := takeLoop(control, file)
		if !errors.Is(err, unix.EBUSY) {
			return device, err
		}
	}
	return nil, fmt.Errorf("find a free loop device: %w", unix.EBUSY)
}

func takeLoop(control, file *os.File) (*os.File, error) {
	number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return nil, fmt.Errorf("ask for a loop device: %w", err)
	}
	device, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", number), os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open a loop device: %w", err)
	}
	if err := unix.IoctlSetInt(int(device.Fd()), unix.LOOP_SET_FD, int(file.Fd())); err != nil {
		return nil, errors.Join(fmt.Errorf("give the loop device its file: %w", err), device.Close())
	}
	if err := unix.IoctlLoopSetStatus64(int(device.Fd()), &unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR}); err != nil {
		return nil, errors.Join(
			fmt.Errorf("set up the loop device: %w", err),
			unix.IoctlSetInt(int(device.Fd()), unix.LOOP_CLR_FD, 0),
			device.Close(),
		)
	}
	return device, nil
}

// cannotMount tells a host that gives no loop devices or mounts to this daemon from one that fails.
func cannotMount(err error) bool {
	for _, lacking := range []error{fs.ErrPermission, fs.ErrNotExist, unix.ENXIO, unix.ENODEV, unix.ENOSYS, unix.ENOTBLK} {
		if errors.Is(err, lacking) {
			return true
		}
	}
	return false
}

// isMounted tells whether something is mounted at a directory; what is not there is not.
func isMounted(point string) (bool, error) {
	var here, above unix.Stat_t
	err := unix.Stat(point, &here)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err := errors.Join(err, unix.Stat(filepath.Dir(point), &above)); err != nil {
		return false, fmt.Errorf("look at a mount point: %w", err)
	}
	return here.Dev != above.Dev, nil
}
