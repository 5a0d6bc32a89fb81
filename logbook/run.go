package logbook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// syncEvery is how long a line may be in memory; with the time that a disk needs, less than the
// second that is promised.
const syncEvery = 250 * time.Millisecond

// syncWidth is how many files the disk is asked to take at a time.
const syncWidth = 8

// Run puts lines on disk and compresses closed segments until ctx ends; when it returns everything is
// on disk, and lines that still come are written one by one.
func (l *Logbook) Run(ctx context.Context) error {
	l.mu.Lock()
	l.stopped = false
	l.mu.Unlock()
	var work sync.WaitGroup
	work.Go(func() { l.pack(ctx) })
	work.Go(func() { l.every(ctx, l.flush) }) // a slow disk's sync is not waited for
	work.Go(func() { l.every(ctx, l.sync) })
	work.Wait()
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	return errors.Join(l.flush(), l.sync())
}

// every does something again and again until ctx ends; of errors in a row the first is logged.
func (l *Logbook) every(ctx context.Context, do func() error) {
	ticker := time.NewTicker(syncEvery)
	defer ticker.Stop()
	complained := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := do()
		if err != nil && !complained {
			l.log.WarnContext(ctx, "write logs", "error", err)
		}
		complained = err != nil
	}
}

// flush writes what is pending in every journal that has new lines. What a full disk does not take is
// tried again at the next tick.
func (l *Logbook) flush() error {
	l.mu.Lock()
	dirty := l.dirty
	l.dirty = map[*journal]bool{}
	l.mu.Unlock()
	var errs []error
	for j := range dirty {
		if err := j.flushNow(); err != nil {
			errs = append(errs, fmt.Errorf("write the log of %s: %w", j.project, err))
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(l.unsynced, dirty)
	return errors.Join(errs...)
}

func (j *journal) flushNow() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dirty = false
	if j.gone {
		return nil
	}
	err := j.flush()
	if len(j.pending) == 0 {
		j.pending = nil // an idle project costs nothing
	}
	j.soil()
	return err
}

// sync waits until everything that was written is on disk.
func (l *Logbook) sync() error {
	l.mu.Lock()
	unsynced := l.unsynced
	l.unsynced = map[*journal]bool{}
	l.mu.Unlock()
	var (
		syncing sync.WaitGroup
		mu      sync.Mutex
		errs    []error // guarded by mu
		turns   = make(chan struct{}, syncWidth)
	)
	for j := range unsynced {
		turns <- struct{}{}
		syncing.Go(func() {
			defer func() { <-turns }()
			if err := j.sync(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("put the log of %s on disk: %w", j.project, err))
			}
		})
	}
	syncing.Wait()
	return errors.Join(errs...)
}

// sync waits for the disk without being in anybody's way.
func (j *journal) sync() (err error) {
	for _, path := range j.unsynced() {
		err = errors.Join(err, syncPath(path))
	}
	return err
}

// unsynced are the files and folders of a journal that the disk may not have, once.
func (j *journal) unsynced() (paths []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range j.segments {
		if s := &j.segments[i]; s.unsynced {
			s.unsynced = false
			paths = append(paths, filepath.Join(j.dir, s.name()))
		}
	}
	if j.newNames && len(paths) > 0 {
		j.newNames = false
		paths = append(paths, j.dir, j.book.dir)
	}
	return paths
}

// pack compresses closed segments, one after the other.
func (l *Logbook) pack(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.closed:
		}
		l.mu.Lock()
		journals := make([]*journal, 0, len(l.journals))
		for _, j := range l.journals {
			journals = append(journals, j)
		}
		l.mu.Unlock()
		for _, j := range journals {
			for ctx.Err() == nil && j.packOne() {
			}
		}
	}
}

// packOne compresses one closed segment; it tells whether there may be another.
func (j *journal) packOne() bool {
	j.book.packing.Lock()
	defer j.book.packing.Unlock()
	plain, found := j.oldestPlain()
	if !found {
		return false
	}
	records, unreadable := plain.records(j.dir, j.book.reader)
	packed := plain
	packed.packed, packed.unsynced = true, false
	path := filepath.Join(j.dir, packed.name())
	var unwritten error
	if unreadable == nil {
		data := j.book.packer.EncodeAll(records, nil)
		packed.size = int64(len(data))
		unwritten = writeWhole(path, data)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	i, obsolete := j.find(plain.number), path
	switch {
	case i >= 0 && unreadable != nil:
		j.complain(plain, unreadable)
		return true
	case i >= 0 && unwritten != nil: // it stays as it is until another is closed
		j.book.log.Warn("compress a log", "project", j.project, "error", unwritten)
		return false
	case i >= 0:
		j.segments[i], obsolete = packed, filepath.Join(j.dir, plain.name())
	}
	if err := os.Remove(obsolete); err != nil && !errors.Is(err, fs.ErrNotExist) {
		j.book.log.Warn("remove what was compressed", "project", j.project, "error", err)
	}
	return true
}

// oldestPlain is the oldest closed segment that is neither compressed nor was unreadable.
func (j *journal) oldestPlain() (segment, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segments[:max(len(j.segments)-1, 0)] {
		if !s.packed && !j.corrupt[s.number] {
			return s, true
		}
	}
	return segment{}, false
}

// find is where a segment is among those that are left, -1 when it is not.
func (j *journal) find(number int64) int {
	for i, s := range j.segments {
		if s.number == number {
			return i
		}
	}
	return -1
}
