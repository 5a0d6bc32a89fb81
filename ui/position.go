package ui

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

// A line of a project's log is named by when it was written and which of that nanosecond's lines it
// is: L1769860800000000000-0. A line of a deployment's log is named by its number: B1. Pages and
// streams name the same line alike, so that a stream can go on after what a page has.

var (
	logPosition   = regexp.MustCompile(`^L([0-9]{1,19})-[0-9]{1,9}$`)
	buildPosition = regexp.MustCompile(`^B([0-9]{1,9})$`)
)

// naming names lines in the order in which a log yields them. It has to begin with the first line of
// a nanosecond.
type naming struct {
	recent [32]struct { // of the last lines: those of one nanosecond come close together
		at    int64
		count int
	}
	next int
}

func (n *naming) name(at time.Time) string {
	nanoseconds := nanosecondsOf(at)
	for i := range n.recent {
		if one := &n.recent[i]; one.at == nanoseconds && one.count > 0 {
			one.count++
			return fmt.Sprintf("L%d-%d", nanoseconds, one.count-1)
		}
	}
	n.recent[n.next].at, n.recent[n.next].count = nanoseconds, 1
	n.next = (n.next + 1) % len(n.recent)
	return fmt.Sprintf("L%d-0", nanoseconds)
}

// nanosecondsOf is nothing for times that nanoseconds do not count.
func nanosecondsOf(at time.Time) int64 {
	if at.Year() < 1970 || at.Year() > 2261 {
		return 0
	}
	return at.UnixNano()
}

// momentOf is when the line was written that a position names.
func momentOf(position string) (time.Time, bool) {
	parts := logPosition.FindStringSubmatch(position)
	if parts == nil {
		return time.Time{}, false
	}
	nanoseconds, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || nanoseconds == math.MaxInt64 {
		return time.Time{}, false
	}
	return time.Unix(0, nanoseconds).UTC(), true
}

// positionAt is where a log without lines goes on.
func positionAt(at time.Time) string { return fmt.Sprintf("L%d-0", nanosecondsOf(at)) }

// numberOf is the number of the line that a position names.
func numberOf(position string) (int, bool) {
	parts := buildPosition.FindStringSubmatch(position)
	if parts == nil {
		return 0, false
	}
	number, err := strconv.Atoi(parts[1])
	return number, err == nil
}
