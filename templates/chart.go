package templates

import (
	"math"
	"time"
)

// Chart is a graph of values over time that the server draws. Times on it are in UTC.
type Chart struct {
	ID     string // of its element in the page
	Title  string
	About  string // what exactly is shown
	Unit   Unit
	Short  bool          // takes half the height
	Start  time.Time     // of the first value
	Step   time.Duration // from one value to the next
	Series []Series      // four at the most, all of one length
	Limit  *Limit
	Marks  []Mark
	Soon   string // said in the place of the lines while there are no values
}

// Series is a line of a chart.
type Series struct {
	Name   string
	Values []float64 // one a step; NaN where nothing was measured
	Filled bool      // the space below it is
	Bad    bool      // it counts what should not be
}

// Limit is a value that the others may not exceed.
type Limit struct {
	Name  string
	Value float64
}

// Mark is something that happened at a time.
type Mark struct {
	At    time.Time
	Label string // short: v3
	About string // a sentence
	Link  string
}

// End is the time of the last value.
func (c Chart) End() time.Time {
	steps := 0
	for _, series := range c.Series {
		steps = max(steps, len(series.Values)-1)
	}
	return c.Start.Add(time.Duration(steps) * c.Step)
}

// Empty tells whether nothing was measured at all.
func (c Chart) Empty() bool {
	for _, series := range c.Series {
		if series.figures().measured > 0 {
			return false
		}
	}
	return true
}

// figures are what is said about a line.
type figures struct {
	last, lowest, mean, highest float64
	measured                    int
}

// figures sums a series up. The last value is missing when nothing was measured lately.
func (s Series) figures() figures {
	f := figures{last: math.NaN(), lowest: math.NaN(), highest: math.NaN(), mean: math.NaN()}
	sum := 0.0
	for _, value := range s.Values {
		if math.IsNaN(value) {
			continue
		}
		if f.measured == 0 {
			f.lowest, f.highest = value, value
		}
		f.lowest, f.highest = min(f.lowest, value), max(f.highest, value)
		sum += value
		f.measured++
	}
	if f.measured > 0 {
		f.mean = sum / float64(f.measured)
	}
	for n := len(s.Values) - 1; n >= max(0, len(s.Values)-lately); n-- {
		if !math.IsNaN(s.Values[n]) {
			f.last = s.Values[n]
			break
		}
	}
	return f
}

// lately is how many steps back a value still tells what is now: the newest step may be unmeasured yet.
const lately = 3
