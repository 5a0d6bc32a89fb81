package ui

import (
	"math"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// timeline is samples added up in steps of equal length, so that a graph has as many values as a
// screen can show.
type timeline struct {
	start time.Time // the end of the first step
	step  time.Duration
	steps []moment
}

// moment is one step: what was measured in it.
type moment struct {
	paas.Sample
	seconds float64 // that were measured of it; 0 when none were
}

// newTimeline covers the time before now. Its last step may not have ended.
func newTimeline(samples []paas.Sample, now time.Time, over, step time.Duration) timeline {
	end := now.Add(step - 1).Truncate(step)
	t := timeline{start: end.Add(-over), step: step, steps: make([]moment, int(over/step)+1)}
	for _, sample := range samples {
		n := int((sample.At.Sub(t.start) + step - 1) / step)
		if sample.At.Before(t.start) || n >= len(t.steps) {
			continue
		}
		at := &t.steps[n]
		at.Sample = at.Merged(sample)
		at.seconds += measured(sample).Seconds()
	}
	return t
}

// measured is how much of its span a sample is of: the newest one's has not ended.
func measured(sample paas.Sample) time.Duration {
	if sample.Readings == 0 { // nothing ran, but requests came
		return sample.Span
	}
	return min(sample.Span, time.Duration(sample.Readings)*paas.Resolutions[0].Span)
}

// values are one figure of each step, NaN for those that nothing was measured in.
func (t timeline) values(of func(moment) float64) []float64 {
	values := make([]float64, len(t.steps))
	for n, step := range t.steps {
		if values[n] = math.NaN(); step.seconds > 0 {
			values[n] = of(step)
		}
	}
	return values
}

// running are the values of steps in which containers ran.
func (t timeline) running(of func(moment) float64) []float64 {
	return t.values(func(m moment) float64 {
		if m.Readings == 0 {
			return math.NaN()
		}
		return of(m)
	})
}

// percentiles are those of the requests of each step, in seconds; NaN without requests.
func (t timeline) percentiles(percent float64) []float64 {
	return t.values(func(m moment) float64 {
		if m.Traffic.Requests == 0 {
			return math.NaN()
		}
		return m.Traffic.Percentile(percent).Seconds()
	})
}

// whole is all steps as one.
func (t timeline) whole() moment {
	var sum moment
	for _, step := range t.steps {
		sum.Sample = sum.Merged(step.Sample)
		sum.seconds += step.seconds
	}
	return sum
}

// now is the newest step that was measured to a fair part, of the last few.
func (t timeline) now() moment {
	for n := len(t.steps) - 1; n >= max(0, len(t.steps)-3); n-- {
		if t.steps[n].seconds > 0 {
			return t.steps[n]
		}
	}
	return moment{}
}
