package deployer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/paas"
)

// The kernel's requests to hold back what is written to a file system, and to let it through again (linux/fs.h).
const (
	fiFreeze = 0xc0045877
	fiThaw   = 0xc0045878
)

// thawEvery is how often a file system is looked for that somebody froze who has been killed since.
const thawEvery = 10 * time.Second

const copyChunk = 1 << 20

// SavedVolume is a volume, and where to read it from.
type SavedVolume struct {
	Project paas.ProjectID
	Name    string
	Image   string // its file system, in a file; empty: it has none of its own
	Content string // else the directory that its content is in
}

// Path is where it belongs below the directory of volumes.
func (v SavedVolume) Path() string {
	place := Options{}.volume(v.Project, v.Name)
	if v.Image != "" {
		return place.image()
	}
	return place.content()
}

// SaveVolumes gives each volume below a directory to save, as it was at one moment: its file system is copied to
// scratch, then held still for as long as it takes to copy what has changed since. Who writes to it waits for that.
// One without a file system of its own is as it is while it is read.
func SaveVolumes(ctx context.Context, dir, scratch string, save func(SavedVolume) error) error {
	options := Options{VolumesDir: dir}
	projects, err := options.volumeProjects()
	if err != nil {
		return err
	}
	for _, project := range projects {
		names, err := options.volumeNames(project)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := saveVolume(ctx, options.volume(project, name), SavedVolume{Project: project, Name: name}, scratch, save); err != nil {
				return fmt.Errorf("volume %s of %s: %w", name, project, err)
			}
		}
	}
	return nil
}

func saveVolume(ctx context.Context, place disk, volume SavedVolume, scratch string, save func(SavedVolume) error) (err error) {
	if !place.bounded() {
		if _, err := os.Stat(place.content()); err != nil {
			return nil // it was being made, or removed
		}
		volume.Content = place.content()
		return save(volume)
	}
	copied, err := os.CreateTemp(scratch, "volume-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close(), os.Remove(copied.Name())) }()
	if err := place.copyStill(ctx, copied); err != nil {
		return err
	}
	volume.Image = copied.Name()
	return save(volume)
}

// CheckVolumes looks whether the file systems of the volumes below a directory, none of them mounted, are whole.
func CheckVolumes(ctx context.Context, dir string) error {
	options := Options{VolumesDir: dir}
	projects, err := options.volumeProjects()
	for _, project := range projects {
		names, failed := options.volumeNames(project)
		err = errors.Join(err, failed)
		for _, name := range names {
			if failed := options.volume(project, name).checkFileSystem(ctx); failed != nil {
				err = errors.Join(err, fmt.Errorf("volume %s of %s: %w", name, project, failed))
			}
		}
	}
	return err
}

func (d disk) checkFileSystem(ctx context.Context) error {
	if !d.bounded() {
		return nil
	}
	said, err := exec.CommandContext(ctx, "e2fsck", "-f", "-n", d.image()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("check its file system: %w: %s", err, said)
	}
	return nil
}

// copyStill copies the file system of a volume as it was at one moment.
func (d disk) copyStill(ctx context.Context, to *os.File) (err error) {
	unlock, err := d.lockFreezing(unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer unlock()
	from, err := os.Open(d.image())
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if err := to.Truncate(info.Size()); err != nil {
		return err
	}
	if err := copyChanged(ctx, from, to); err != nil {
		return err
	}
	mounted, err := isMounted(d.point())
	if err != nil {
		return err
	}
	if mounted {
		thaw, err := freeze(d.point())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, thaw()) }()
	}
	return copyChanged(ctx, from, to)
}

// copyChanged copies the data of a file to another, but for what is there already.
func copyChanged(ctx context.Context, from, to *os.File) error {
	there, here := make([]byte, copyChunk), make([]byte, copyChunk)
	info, err := from.Stat()
	if err != nil {
		return err
	}
	for at := int64(0); at < info.Size(); {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		start, err := unix.Seek(int(from.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // nothing but holes up to its end
		}
		if err != nil {
			return err
		}
		at = start - start%copyChunk
		n, err := from.ReadAt(here, at)
		if err != nil && err != io.EOF {
			return err
		}
		m, err := to.ReadAt(there[:n], at)
		if err != nil && err != io.EOF {
			return err
		}
		if !bytes.Equal(here[:n], there[:m]) {
			if _, err := to.WriteAt(here[:n], at); err != nil {
				return err
			}
		}
		at += copyChunk
	}
	return nil
}

// freeze holds back what is written to the file system at a mount point.
func freeze(point string) (thaw func() error, err error) {
	opened, err := os.Open(point)
	if err != nil {
		return nil, err
	}
	if err := unix.IoctlSetInt(int(opened.Fd()), fiFreeze, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("hold it still: %w", err), opened.Close())
	}
	return func() error {
		return errors.Join(unix.IoctlSetInt(int(opened.Fd()), fiThaw, 0), opened.Close())
	}, nil
}

// lockFreezing has one process at a time freeze a volume, which the kernel forgets with the process.
func (d disk) lockFreezing(how int) (unlock func(), err error) {
	directory, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(directory.Fd()), how); err != nil {
		return nil, errors.Join(err, directory.Close())
	}
	return func() { _ = directory.Close() }, nil
}

// thawLeft lets through what is written to a volume that somebody froze who has ended since.
func (d disk) thawLeft() error {
	unlock, err := d.lockFreezing(unix.LOCK_EX | unix.LOCK_NB)
	if err != nil {
		return nil // somebody is at it
	}
	defer unlock()
	if mounted, err := isMounted(d.point()); err != nil || !mounted {
		return err
	}
	opened, err := os.Open(d.point())
	if err != nil {
		return err
	}
	defer opened.Close()
	if err := unix.IoctlSetInt(int(opened.Fd()), fiThaw, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return err // EINVAL: it is not frozen
	}
	return nil
}

// keepThawed looks for such volumes until ctx ends.
func (e *Engine) keepThawed(ctx context.Context) {
	tick := time.NewTicker(thawEvery)
	defer tick.Stop()
	for {
		projects, _ := e.options.volumeProjects() // who uses them learns what is wrong
		for _, project := range projects {
			names, _ := e.options.volumeNames(project)
			for _, name := range names {
				if err := e.options.volume(project, name).thawLeft(); err != nil {
					e.options.Logger.WarnContext(ctx, "thaw a volume", "project", project, "volume", name, "error", err)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
