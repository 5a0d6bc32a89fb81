package logbook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	flushMost   = 128 << 10 // pending bytes that are written without waiting for the next tick
	pendingMost = 256 << 10 // pending bytes that are kept while the disk takes nothing
	retryEvery  = 200 * time.Millisecond
)

// journal is the log of one project. No file of it stays open: what is new is pending in memory until
// there is enough of it, or for a moment.
type journal struct {
	book        *Logbook
	project     paas.ProjectID
	dir         string
	segmentSize int64
	flushAt     int // pending bytes that are written without waiting

	mu        sync.Mutex
	loaded    bool                           // guarded by mu, as all below
	gone      bool                           // it was forgotten: there is, or will be, another
	segments  []segment                      // by number; the last one is being written
	corrupt   map[int64]bool                 // segments that were complained about
	seen      map[paas.ContainerID]time.Time // newest line of each container
	pending   []byte                         // what comes after the last segment's end
	dirty     bool                           // the book was told
	newNames  bool                           // a file was made whose name may not be on disk
	followers map[*follower]bool

	appended int64 // bytes of records so far
	lines    int64 // lines so far
	first    int64 // lines before the first that is pending

	failing  error     // why the disk takes nothing
	reported bool      // somebody was told
	tried    time.Time // when it last was
	lost     int64     // lines that were not kept
}

func newJournal(book *Logbook, project paas.ProjectID) *journal {
	segmentSize := min(max(book.quota/32, 32<<10), 2<<20)
	return &journal{
		book: book, project: project, dir: filepath.Join(book.dir, string(project)),
		segmentSize: segmentSize, flushAt: min(flushMost, int(segmentSize)),
		corrupt: map[int64]bool{}, seen: map[paas.ContainerID]time.Time{}, followers: map[*follower]bool{},
	}
}

// locked calls do unless the journal was forgotten.
func (j *journal) locked(do func(*journal) error) (gone bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.gone {
		return true, nil
	}
	return false, do(j)
}

func (j *journal) current() *segment { return &j.segments[len(j.segments)-1] }

// append keeps lines and wakes those who follow.
func (j *journal) append(lines []paas.LogLine) error {
	var refused error
	for _, line := range lines {
		cut := pieces(line.Text)
		if cut == nil {
			refused = errors.Join(refused, j.add(line))
		}
		for _, text := range cut {
			line.Text = text
			refused = errors.Join(refused, j.add(line))
		}
	}
	j.wake()
	j.soil()
	return refused
}

// soil has the pending lines flushed in a moment, or at once when there is nobody for that.
func (j *journal) soil() {
	if j.dirty || len(j.pending) == 0 {
		return
	}
	if j.dirty = j.book.soil(j); !j.dirty {
		_ = j.flush() // the error is kept for the next line
	}
}

// add keeps one line unless the disk has been taking nothing for too long.
func (j *journal) add(line paas.LogLine) error {
	if len(j.pending) >= pendingMost && (time.Since(j.tried) < retryEvery || j.flush() != nil) {
		j.lost++
		if j.reported {
			return nil
		}
		j.reported = true
		return fmt.Errorf("write the log: %w", j.failing)
	}
	j.keep(line)
	if len(j.pending) >= j.flushAt && (j.failing == nil || time.Since(j.tried) >= retryEvery) {
		_ = j.flush() // the lines are still there: only those that find no room are lost
	}
	return nil
}

// keep puts one line with what is pending.
func (j *journal) keep(line paas.LogLine) {
	before := len(j.pending)
	if j.current().size == 0 && before == 0 {
		j.pending = appendSeen(j.pending, j.seen)
	}
	j.pending = appendRecord(j.pending, line)
	j.appended += int64(len(j.pending) - before)
	j.lines++
	j.current().span.add(nanoseconds(line.At))
	if line.Stream != paas.System && line.At.After(j.seen[line.Container]) {
		j.seen[line.Container] = line.At.UTC()
	}
}

// flush writes what is pending, begins another segment when this one is full, and keeps the quota.
// After an error nothing has changed: half of a write lies behind the end of the segment.
func (j *journal) flush() error {
	if len(j.pending) == 0 {
		return nil
	}
	j.tried = time.Now()
	if err := j.write(); err != nil {
		j.failing = err
		return err
	}
	current := j.current()
	current.size += int64(len(j.pending))
	current.unsynced = true
	j.pending, j.first = j.pending[:0], j.lines
	if current.size >= j.segmentSize {
		j.rotate()
	}
	j.limit(j.book.quota)
	j.recovered()
	return nil
}

// write puts what is pending on the disk, in a folder that is made with its first line.
func (j *journal) write() error {
	current := j.current()
	if current.size == 0 {
		if err := os.MkdirAll(j.dir, 0o700); err != nil {
			return err
		}
		j.newNames = true
	}
	return current.write(j.dir, j.pending)
}

// recovered says how many lines were lost, now that the disk takes some again.
func (j *journal) recovered() {
	lost := j.lost
	j.failing, j.reported, j.lost = nil, false, 0
	if lost > 0 {
		j.keep(systemLine("… %d lines were lost: the log could not be written", lost))
		j.wake()
	}
}

// rotate closes the segment that was written to.
func (j *journal) rotate() {
	j.segments = append(j.segments, segment{number: j.current().number + 1, span: never()})
	select {
	case j.book.closed <- struct{}{}:
	default:
	}
}

// limit removes the oldest closed segments until a budget is kept.
func (j *journal) limit(budget int64) {
	for size := j.size(); size > budget && len(j.segments) > 1; size = j.size() {
		if err := j.remove(0); err != nil {
			j.book.log.Warn("remove the oldest lines of a log", "project", j.project, "error", err)
			return
		}
	}
}

// remove deletes a segment. The one that is written to is replaced by an empty one.
func (j *journal) remove(i int) error {
	s := j.segments[i]
	if err := os.Remove(filepath.Join(j.dir, s.name())); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if i == len(j.segments)-1 {
		j.segments = append(j.segments, segment{number: s.number + 1, span: never()})
	}
	j.segments = append(j.segments[:i:i], j.segments[i+1:]...)
	return nil
}

// size is how many bytes of disk the log takes.
func (j *journal) size() (sum int64) {
	for _, s := range j.segments {
		sum += s.size
	}
	return sum
}

func (j *journal) wake() {
	for f := range j.followers {
		select {
		case f.woken <- struct{}{}:
		default:
		}
	}
}

func (j *journal) forget() {
	j.gone, j.segments, j.pending = true, nil, nil
	j.wake()
}

func systemLine(format string, count int64) paas.LogLine {
	return paas.LogLine{At: time.Now().UTC(), Stream: paas.System, Text: fmt.Sprintf(format, count)}
}
