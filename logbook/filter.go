package logbook

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// filter is what a query says of a single line.
type filter struct {
	since, until int64 // nanoseconds; until 0: no bound
	process      string
	index        int // 0: all
	deployment   int
	grep         []byte // in lower case
}

func newFilter(query paas.LogQuery) filter {
	f := filter{process: query.Process, deployment: query.Deployment, grep: []byte(strings.ToLower(query.Grep))}
	if process, number, found := strings.Cut(query.Process, "."); found {
		if index, err := strconv.Atoi(number); err == nil {
			f.process, f.index = process, index
		}
	}
	f.since, f.until = nanoseconds(query.Since), nanoseconds(query.Until)
	return f
}

// chooses tells whether a query asks for a line.
func (f filter) chooses(r record) bool {
	return f.overlaps(span{r.at, r.at}) &&
		(f.process == "" || f.process == string(r.process)) &&
		(f.index == 0 || f.index == r.index) &&
		(f.deployment == 0 || f.deployment == r.deployment) &&
		(len(f.grep) == 0 || bytes.Contains(bytes.ToLower(r.text), f.grep))
}

// overlaps tells whether a query may ask for lines of a time.
func (f filter) overlaps(s span) bool {
	return s.last >= f.since && (f.until == 0 || s.first <= f.until)
}
