// Package logbook keeps what containers wrote in files below one directory, so that it outlives them:
// a folder for each project, in it numbered segments, the newest plain and the closed ones compressed.
package logbook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	defaultPerProject = 64 << 20
	minPerProject     = 512 << 10
)

// Options are what a Logbook needs.
type Options struct {
	Dir        string // is made if it is not there, for this user alone
	PerProject int64  // bytes of disk for a project's log; 0 is 64 MiB, and no less than 512 KiB
	Log        *slog.Logger
}

// Logbook is a paas.Logbook of files.
type Logbook struct {
	dir     string
	quota   int64
	log     *slog.Logger
	packer  *zstd.Encoder
	reader  *zstd.Decoder
	closed  chan struct{} // a segment waits for being compressed
	packing sync.Mutex    // held while a segment is compressed, or segments are removed for good

	mu       sync.Mutex                  // is taken last: after a journal's
	journals map[paas.ProjectID]*journal // guarded by mu
	dirty    map[*journal]bool           // guarded by mu; have lines that are not written
	unsynced map[*journal]bool           // guarded by mu; have lines that may not be on disk
	stopped  bool                        // guarded by mu; nobody will flush: lines are written at once
}

var _ paas.Logbook = (*Logbook)(nil)

// Open opens the logs below a directory; nothing of them is read before it is asked for.
func Open(options Options) (*Logbook, error) {
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of logs: %w", err)
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("prepare compression: %w", err)
	}
	reader, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(maxSegment))
	if err != nil {
		return nil, fmt.Errorf("prepare decompression: %w", err)
	}
	if options.PerProject == 0 {
		options.PerProject = defaultPerProject
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Logbook{
		dir: options.Dir, quota: max(options.PerProject, minPerProject), log: options.Log,
		packer: packer, reader: reader, closed: make(chan struct{}, 1),
		journals: map[paas.ProjectID]*journal{}, dirty: map[*journal]bool{}, unsynced: map[*journal]bool{},
	}, nil
}

// Append keeps lines. An error means that the disk does not take them; it is returned once, and how
// many lines were lost until there was room again is a line of the log.
func (l *Logbook) Append(_ context.Context, project paas.ProjectID, lines ...paas.LogLine) error {
	return l.with(project, func(j *journal) error { return j.append(lines) })
}

// Seen is the time of the newest line that was kept of a container; what the platform said about it
// does not count, nor is it forgotten when the quota takes the line: nothing is to be copied twice.
func (l *Logbook) Seen(_ context.Context, project paas.ProjectID, container paas.ContainerID) (seen time.Time, err error) {
	err = l.with(project, func(j *journal) error {
		seen = j.seen[container]
		return nil
	})
	return seen, err
}

// Size is how many bytes of disk a project's log takes. A log that was not asked for yet is not read
// for it.
func (l *Logbook) Size(_ context.Context, project paas.ProjectID) (size int64, err error) {
	err = l.lock(project, func(j *journal) error {
		if j.loaded {
			size = j.size()
			return nil
		}
		segments, err := listSegments(j.dir)
		for _, s := range segments {
			size += s.size
		}
		return err
	})
	return size, err
}

// Forget removes a project's log and ends those who follow it.
func (l *Logbook) Forget(_ context.Context, project paas.ProjectID) error {
	l.packing.Lock()
	defer l.packing.Unlock()
	return l.lock(project, func(j *journal) error {
		if err := os.RemoveAll(j.dir); err != nil {
			return fmt.Errorf("remove the log of a project: %w", err)
		}
		j.forget()
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.dirty, j)
		delete(l.journals, project)
		return nil
	})
}

// Projects lists every project that has a log.
func (l *Logbook) Projects(context.Context) ([]paas.ProjectID, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("list logs: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var projects []paas.ProjectID
	for _, entry := range entries {
		if entry.IsDir() && paas.IsProjectID(entry.Name()) {
			projects = append(projects, paas.ProjectID(entry.Name()))
		}
	}
	for j := range l.dirty {
		if _, err := os.Stat(j.dir); errors.Is(err, fs.ErrNotExist) {
			projects = append(projects, j.project)
		}
	}
	return projects, nil
}

// with calls do with the journal of a project, locked and loaded.
func (l *Logbook) with(project paas.ProjectID, do func(*journal) error) error {
	return l.lock(project, func(j *journal) error {
		if err := j.load(); err != nil {
			return err
		}
		return do(j)
	})
}

// lock calls do with the journal of a project, locked; when one was forgotten meanwhile, with the next.
func (l *Logbook) lock(project paas.ProjectID, do func(*journal) error) error {
	for {
		j, err := l.journal(project)
		if err != nil {
			return err
		}
		if gone, err := j.locked(do); !gone {
			return err
		}
	}
}

// journal is the one of a project. Only what has the shape of an id is let into a path.
func (l *Logbook) journal(project paas.ProjectID) (*journal, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.journals[project]
	if j == nil {
		if !paas.IsProjectID(string(project)) {
			return nil, paas.Errorf(paas.Invalid, paas.EInvalid, "This is not the id of a project.")
		}
		j = newJournal(l, project)
		l.journals[project] = j
	}
	return j, nil
}

// soil remembers that a journal has lines to flush; it tells whether somebody will.
func (l *Logbook) soil(j *journal) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dirty[j] = true
	return !l.stopped
}
