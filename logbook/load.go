package logbook

import (
	"bytes"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// load looks at what an earlier life left: it cuts off what a kill tore, and recalls when every
// container was last seen.
func (j *journal) load() error {
	if j.loaded {
		return nil
	}
	segments, err := listSegments(j.dir)
	if err != nil {
		return err
	}
	j.segments = j.original(segments)
	j.removeUnfinished()
	for i := range j.segments {
		if s := &j.segments[i]; !s.packed {
			j.mend(s)
		}
	}
	j.recall()
	if last := len(j.segments) - 1; last < 0 || j.segments[last].packed || j.segments[last].size >= j.segmentSize || j.corrupt[j.segments[last].number] {
		number := int64(1)
		if last >= 0 {
			number = j.segments[last].number + 1
		}
		j.segments = append(j.segments, segment{number: number, span: never()})
	}
	j.loaded = true
	if len(j.segments) > 1 {
		select {
		case j.book.closed <- struct{}{}: // some may not have been compressed yet
		default:
		}
	}
	return nil
}

// original leaves out compressed copies of segments that are still there as they were written.
func (j *journal) original(segments []segment) []segment {
	plain := map[int64]bool{}
	for _, s := range segments {
		plain[s.number] = plain[s.number] || !s.packed
	}
	return slices.DeleteFunc(segments, func(s segment) bool {
		if !s.packed || !plain[s.number] {
			return false
		}
		if err := os.Remove(filepath.Join(j.dir, s.name())); err != nil {
			j.book.log.Warn("remove the copy of a log's segment", "project", j.project, "error", err)
		}
		return true
	})
}

// removeUnfinished removes what was being compressed when the daemon was killed.
func (j *journal) removeUnfinished() {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return // there is no folder, or listing its segments said why not
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), unfinished) {
			continue
		}
		if err := os.Remove(filepath.Join(j.dir, entry.Name())); err != nil {
			j.book.log.Warn("remove the rest of a log's segment", "project", j.project, "error", err)
		}
	}
}

// mend cuts a plain segment behind its last sound record, and finds out what time it is of.
func (j *journal) mend(s *segment) {
	path := filepath.Join(j.dir, s.name())
	data, err := os.ReadFile(path)
	if err != nil {
		j.complain(*s, err)
		return
	}
	end := 0
	for offset, line := range forward(data) {
		if _, ok := sound(line); !ok {
			continue
		}
		end = offset + len(line) + 1
		if r, ok := decode(line); ok {
			s.span.add(r.at)
		}
	}
	if end < len(data) {
		j.book.log.Warn("the end of a log was torn and is cut off", "project", j.project, "segment", s.number, "bytes", len(data)-end)
		if err := os.Truncate(path, int64(end)); err != nil {
			j.complain(*s, err)
			return
		}
	}
	s.size = int64(end)
}

// recall learns when containers were seen from the newest segments, back to one that says it of all
// before it.
func (j *journal) recall() {
	for _, s := range slices.Backward(j.segments) {
		data, err := s.records(j.dir, j.book.reader)
		if err != nil {
			j.complain(s, err)
			continue
		}
		complete := false
		for offset, line := range forward(data) {
			if r, ok := decode(line); ok {
				if paas.Stream(r.stream) != paas.System {
					j.recallOne(paas.ContainerID(r.container), r.at)
				}
			} else if seen, ok := decodeSeen(line); ok {
				complete = complete || offset == 0
				for id, at := range seen {
					j.recallOne(id, at)
				}
			}
		}
		if complete {
			return
		}
	}
}

func (j *journal) recallOne(id paas.ContainerID, at int64) {
	if seen := moment(at); seen.After(j.seen[id]) {
		j.seen[id] = seen
	}
}

// complain says once that a segment cannot be read.
func (j *journal) complain(s segment, err error) {
	if j.corrupt[s.number] {
		return
	}
	j.corrupt[s.number] = true
	j.book.log.Warn("a part of a log cannot be read and is left out", "project", j.project, "segment", s.number, "error", err)
}

// forward yields the whole lines of data, each with where it begins.
func forward(data []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for start := 0; start < len(data); {
			length := bytes.IndexByte(data[start:], '\n')
			if length < 0 || !yield(start, data[start:start+length]) {
				return
			}
			start += length + 1
		}
	}
}
