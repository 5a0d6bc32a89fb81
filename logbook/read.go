package logbook

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"

	"github.com/paastech-cloud/paastech/paas"
)

// Read yields the lines that a query chooses in the order in which they came, which between
// containers need not be that of their times. Both bounds of time are within what is chosen.
func (l *Logbook) Read(ctx context.Context, project paas.ProjectID, query paas.LogQuery) iter.Seq2[paas.LogLine, error] {
	return func(yield func(paas.LogLine, error) bool) {
		v := &view{filter: newFilter(query), loaded: -1}
		var f *follower
		err := l.with(project, func(j *journal) error {
			v.journal, v.segments, v.pending = j, slices.Clone(j.segments), bytes.Clone(j.pending)
			if query.Follow {
				f = newFollower(j, v.filter)
			}
			return nil
		})
		if f != nil {
			defer f.leave()
		}
		if err == nil {
			err = v.read(ctx, query.Tail, yield)
		}
		if err == nil && f != nil {
			err = f.follow(ctx, yield)
		}
		if err != nil && !errors.Is(err, errEnough) && (!query.Follow || ctx.Err() == nil) {
			yield(paas.LogLine{}, err)
		}
	}
}

// errEnough is that a reader wants no more.
var errEnough = errors.New("the reader wants no more lines")

// view is a log as it was at one moment.
type view struct {
	journal  *journal
	filter   filter
	segments []segment
	pending  []byte // comes after the last segment
	loaded   int    // which segment records are of
	records  []byte
}

// read yields what the query chooses of what was kept.
func (v *view) read(ctx context.Context, tail int, yield func(paas.LogLine, error) bool) error {
	from, offset := v.start(ctx, tail)
	for i := from; i < len(v.segments); i++ {
		for _, line := range forward(v.load(i)[offset:]) {
			if r, ok := decode(line); ok && v.filter.chooses(r) && !yield(r.line(), nil) {
				return errEnough
			}
		}
		offset = 0
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// start is the segment, and the place in it, from which on tail lines are chosen. It looks from the
// end, so that the last lines of a long log need only its last segments.
func (v *view) start(ctx context.Context, tail int) (segment, offset int) {
	if tail <= 0 {
		return 0, 0
	}
	for i := len(v.segments) - 1; i >= 0 && ctx.Err() == nil; i-- {
		records := v.load(i)
		for end := len(records); end > 0; {
			begin := bytes.LastIndexByte(records[:end-1], '\n') + 1
			if r, ok := decode(records[begin : end-1]); ok && v.filter.chooses(r) {
				if tail--; tail == 0 {
					return i, begin
				}
			}
			end = begin
		}
	}
	return 0, 0
}

// load reads a segment unless the query asks for nothing of its time. The last one read is kept: the
// one that start ends at is the first to be yielded.
func (v *view) load(i int) []byte {
	if i == v.loaded {
		return v.records
	}
	v.loaded, v.records = i, nil
	s := v.segments[i]
	if !v.filter.overlaps(s.span) {
		return nil
	}
	if s.size > 0 {
		v.records = v.journal.read(s)
	}
	if i == len(v.segments)-1 {
		v.records = append(v.records, v.pending...)
	}
	return v.records
}

// read reads a segment; what is damaged is complained about once and has no records, nor has what the
// quota took meanwhile.
func (j *journal) read(s segment) []byte {
	records, err := s.records(j.dir, j.book.reader)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.complain(s, err)
	}
	return records
}
