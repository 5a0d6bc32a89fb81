package templates

import (
	"math"
	"time"
)

// scale is a value axis: it ends at a round number and has a line at each step.
type scale struct {
	step, top float64
}

// fitted is the scale that holds highest with no more than so many steps.
func fitted(unit Unit, highest float64, most int) scale {
	highest = max(highest, unit.least())
	mantissas, base := unit.steps()
	for size := math.Pow(base, math.Floor(math.Log(highest)/math.Log(base))-1); ; size *= base {
		for _, mantissa := range mantissas {
			step := mantissa * size
			if unit == Count && step < 1 {
				continue
			}
			if lines := math.Ceil(highest/step - 1e-9); lines <= float64(most) {
				return scale{step, step * lines}
			}
		}
	}
}

// lines are the values that have one, from the bottom to the top.
func (s scale) lines() []float64 {
	var lines []float64
	for n := 0; float64(n)*s.step <= s.top*(1+1e-9); n++ {
		lines = append(lines, float64(n)*s.step)
	}
	return lines
}

const day = 24 * time.Hour

// timeSteps are the distances that people count time in.
var timeSteps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day,
}

// mostTimes is how many times stand below a chart.
const mostTimes = 7

// moment is a time on the time axis.
type moment struct {
	at    time.Time
	label string
}

// moments are the round times between two, in UTC.
func moments(from, to time.Time) []moment {
	step := timeSteps[len(timeSteps)-1]
	for _, candidate := range timeSteps {
		if to.Sub(from) <= mostTimes*candidate {
			step = candidate
			break
		}
	}
	var all []moment
	for at := from.UTC().Add(step - 1).Truncate(step); !at.After(to); at = at.Add(step) {
		layout := "15:04"
		if at.Equal(at.Truncate(day)) {
			layout = "2 Jan"
		}
		all = append(all, moment{at, at.Format(layout)})
	}
	return all
}
