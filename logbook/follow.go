package logbook

import (
	"bytes"
	"context"

	"github.com/paastech-cloud/paastech/paas"
)

// lagMost is how many bytes of records a follower may be behind before it has to leave some out.
const lagMost = 4 << 20

// follower is a place in a journal: it has no buffer, so that nobody who appends does anything for
// it but wake it. It reads what is pending, or the segments when it was away for longer.
type follower struct {
	journal *journal
	filter  filter
	woken   chan struct{} // holds one: there is something new

	number   int64 // of the segment where it is
	offset   int64 // of the records there
	consumed int64 // as journal.appended
	lines    int64 // as journal.lines
}

// newFollower begins at the end of a journal that is locked.
func newFollower(j *journal, filter filter) *follower {
	f := &follower{journal: j, filter: filter, woken: make(chan struct{}, 1)}
	f.number, f.offset = j.current().number, j.current().size+int64(len(j.pending))
	f.consumed, f.lines = j.appended, j.lines
	j.followers[f] = true
	return f
}

func (f *follower) leave() {
	f.journal.mu.Lock()
	defer f.journal.mu.Unlock()
	delete(f.journal.followers, f)
}

// follow yields new lines until ctx ends or the log is forgotten.
func (f *follower) follow(ctx context.Context, yield func(paas.LogLine, error) bool) error {
	for ctx.Err() == nil {
		records, leftOut, gone := f.next()
		if gone {
			return nil
		}
		if leftOut > 0 && !yield(systemLine("… %d lines were left out, you read too slowly", leftOut), nil) {
			return errEnough
		}
		for _, line := range forward(records) {
			r, ok := decode(line)
			if !ok {
				continue
			}
			f.lines++
			if f.filter.chooses(r) && !yield(r.line(), nil) {
				return errEnough
			}
		}
		if len(records) > 0 || leftOut > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-f.woken:
		}
	}
	return nil
}

// next is what comes after the place of the follower, and how many lines it has to leave out before.
// Both are nothing at the end.
func (f *follower) next() (records []byte, leftOut int64, gone bool) {
	j := f.journal
	for {
		j.mu.Lock()
		if j.gone {
			j.mu.Unlock()
			return nil, 0, true
		}
		i := j.find(f.number)
		if i < 0 || j.appended-f.consumed > lagMost {
			leftOut += f.skip()
			i = len(j.segments) - 1
		}
		s, last := j.segments[i], i == len(j.segments)-1
		if last && f.offset >= s.size {
			records = bytes.Clone(j.pending[f.offset-s.size:])
			f.advance(records)
			j.mu.Unlock()
			return records, leftOut, false
		}
		j.mu.Unlock()
		if whole := j.read(s); f.offset < int64(len(whole)) {
			records = whole[f.offset:]
			f.advance(records)
			return records, leftOut, false
		}
		if f.offset = s.size; !last { // it is removed, damaged, or was read to its end
			f.number, f.offset = f.number+1, 0
		}
	}
}

func (f *follower) advance(records []byte) {
	f.offset += int64(len(records))
	f.consumed += int64(len(records))
}

// skip goes to what is pending in a journal that is locked, and tells how many lines it passed. One
// whose place has gone although it is not behind what is pending goes to the end.
func (f *follower) skip() int64 {
	j, last := f.journal, f.journal.current()
	f.number, f.offset, f.consumed = last.number, last.size, j.appended-int64(len(j.pending))
	to := j.first
	if f.lines > j.first {
		f.offset, f.consumed, to = f.offset+int64(len(j.pending)), j.appended, j.lines
	}
	passed := to - f.lines
	f.lines = to
	return passed
}
