package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/backup"
	"github.com/paastech-cloud/paastech/paas"
)

// Backups made by themselves are named after when they were begun.
const (
	backupPrefix = "paastech-"
	backupSuffix = ".paastech"
	backupTime   = "20060102T150405Z"
)

func backupName(at time.Time) string {
	return backupPrefix + at.UTC().Format(backupTime) + backupSuffix
}

// backups are those in a directory.
type backups struct {
	request backupRequest
	dir     string
	keep    int
}

// scheduledBackups are nil when the configuration wants none.
func (s *server) scheduledBackups() (paas.Backups, paas.Schedule, error) {
	c := s.config.Backup
	if c.Directory == "" {
		return nil, paas.Schedule{}, nil
	}
	schedule, err := paas.ParseSchedule(c.Schedule)
	if err != nil {
		return nil, schedule, fmt.Errorf("backup.schedule: %w", err)
	}
	if c.Keep < 1 {
		return nil, schedule, fmt.Errorf("backup.keep %d: give 1 or more", c.Keep)
	}
	if len(c.Recipients) == 0 {
		return nil, schedule, errors.New("backup.directory is set and backup.recipients is not: nobody could open the backups. `paastech backup key` makes a key")
	}
	b := &backups{request: backupRequest{config: s.config, configFile: s.configFile, version: s.version}, dir: c.Directory, keep: c.Keep}
	b.request.recipients, err = backup.Recipients(c.Recipients)
	return b, schedule, err
}

// Make writes a backup and removes the oldest.
func (b *backups) Make(ctx context.Context) error {
	_, err := writeBackup(ctx, b.request, filepath.Join(b.dir, backupName(time.Now())))
	if err == nil {
		err = b.removeOld()
	}
	if err != nil && ctx.Err() == nil {
		return paas.Errorf(paas.Unavailable, paas.EBackup, "%s.", asOneLine(err)).Because(err)
	}
	return err
}

// Newest is when the newest one was begun.
func (b *backups) Newest() (time.Time, error) {
	all, err := b.list()
	if err != nil || len(all) == 0 {
		return time.Time{}, err
	}
	return time.Parse(backupTime, strings.TrimSuffix(strings.TrimPrefix(all[len(all)-1], backupPrefix), backupSuffix))
}

// list is the names of those that are there, the oldest first.
func (b *backups) list() ([]string, error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, paas.Errorf(paas.Unavailable, paas.EBackup, "The directory %s (backup.directory) cannot be read.", b.dir).Because(err)
	}
	var names []string
	for _, entry := range entries {
		text := strings.TrimSuffix(strings.TrimPrefix(entry.Name(), backupPrefix), backupSuffix)
		if at, err := time.Parse(backupTime, text); err == nil && entry.Name() == backupName(at) {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (b *backups) removeOld() error {
	all, err := b.list()
	for len(all) > b.keep {
		err = errors.Join(err, os.Remove(filepath.Join(b.dir, all[0])))
		all = all[1:]
	}
	return err
}

// asOneLine is an error of several lines as a part of a sentence.
func asOneLine(err error) string {
	return strings.TrimRight(strings.Join(strings.Fields(err.Error()), " "), ".")
}

// scratchDir is a directory of ours for a while in the data directory, held by a lock that ends with this process.
func scratchDir(dataDir string) (path string, remove func() error, err error) {
	path, err = os.MkdirTemp(dataDir, scratchPrefix)
	if err != nil {
		return "", nil, err
	}
	held, err := os.Open(path)
	if err == nil {
		err = unix.Flock(int(held.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(path))
	}
	return path, func() error { return errors.Join(os.RemoveAll(path), held.Close()) }, nil
}

// unfinishedBackup is a file beside the backup that it becomes, held in the same way. Those of backups that were
// killed go first: they would fill the disk.
func unfinishedBackup(dir string) (*os.File, error) {
	if err := removeScratch(dir); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, scratchPrefix)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return file, nil
}

// removeScratch removes what backups left that were killed.
func removeScratch(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, scratchPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		held, failed := os.Open(path)
		if errors.Is(failed, fs.ErrNotExist) {
			continue
		}
		if failed == nil {
			if unix.Flock(int(held.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
				failed = os.RemoveAll(path)
			}
			failed = errors.Join(failed, held.Close())
		}
		err = errors.Join(err, failed)
	}
	return err
}
