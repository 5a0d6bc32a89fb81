package logbook

import (
	"context"
	"fmt"
	"slices"

	"github.com/paastech-cloud/paastech/paas"
)

// Trim removes whole segments of all projects, the one whose newest line is oldest first, until no
// more than a budget is left.
func (l *Logbook) Trim(ctx context.Context, budget int64) error {
	l.packing.Lock() // or what is compressed meanwhile would be counted twice
	defer l.packing.Unlock()
	projects, err := l.Projects(ctx)
	if err != nil {
		return err
	}
	var total int64
	for _, project := range projects {
		size, err := l.Size(ctx, project)
		if err != nil {
			return err
		}
		total += size
	}
	if total <= budget {
		return nil
	}
	oldest, err := l.oldestSegments(projects)
	for _, c := range oldest {
		if total <= budget || err != nil {
			break
		}
		err = l.with(c.project, func(j *journal) error {
			size := j.size()
			if i := j.find(c.number); i >= 0 {
				if i == len(j.segments)-1 {
					_ = j.flush() // what is pending belongs to this segment; a full disk must not end this
				}
				if err := j.remove(i); err != nil {
					return fmt.Errorf("remove the oldest lines of a log: %w", err)
				}
			}
			total -= size - j.size()
			return nil
		})
	}
	return err
}

// candidate is a segment that Trim may remove.
type candidate struct {
	project paas.ProjectID
	number  int64
	last    int64
}

func (l *Logbook) oldestSegments(projects []paas.ProjectID) ([]candidate, error) {
	var all []candidate
	for _, project := range projects {
		err := l.with(project, func(j *journal) error {
			newest := int64(0) // lines of several containers may be out of order: none goes before an older segment
			for _, s := range j.segments {
				newest = max(newest, s.span.last)
				all = append(all, candidate{project, s.number, newest})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return int(a.last - b.last) })
	return all, nil
}

// Quota is how many bytes of disk a project's log may take.
func (l *Logbook) Quota() int64 { return l.quota }

// Limit removes the oldest segments of a project that are over the quota: it may have been larger when
// they were written.
func (l *Logbook) Limit(_ context.Context, project paas.ProjectID) error {
	l.packing.Lock()
	defer l.packing.Unlock()
	return l.with(project, func(j *journal) error {
		j.limit(l.quota)
		return nil
	})
}
