package ui

import (
	"math"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
)

// trendEvery is after how many seconds pages with trends look again: so often is measured.
const trendEvery = 10

// sparkLength is how many minutes the lines in the list of projects tell of.
const sparkLength = 30

// uses are one figure of each minute of a trend, NaN where nothing was measured.
func uses(trend []paas.Use, of func(paas.Use) float64) []float64 {
	values := make([]float64, len(trend))
	for n, use := range trend {
		if values[n] = math.NaN(); use.Readings > 0 {
			values[n] = of(use)
		}
	}
	return values
}

func cpu(use paas.Use) float64    { return use.CPU }
func memory(use paas.Use) float64 { return float64(use.Memory) }

// sparks are the lines of a project in the list; none when nothing was measured.
func sparks(trend paas.Trend) []templates.Sparkline {
	recent := trend[paas.TrendLength-sparkLength:]
	over := "the last 30 minutes"
	both := []templates.Sparkline{
		{Name: "CPU", Over: over, Unit: templates.Percent, Values: uses(recent, cpu), Class: "chart-a"},
		{Name: "Memory", Over: over, Unit: templates.Bytes, Values: uses(recent, memory), Class: "chart-c"},
	}
	if both[0].Empty() {
		return nil
	}
	return both
}

// trendCharts are the small graphs of a project's overview; none when nothing was measured.
func trendCharts(trend paas.Trend, end time.Time) []templates.Chart {
	used := func(of func(paas.Use) float64) []templates.Series {
		return []templates.Series{{Name: "used", Values: uses(trend[:], of), Filled: true}}
	}
	both := []templates.Chart{
		{ID: "cpu", Title: "CPU", About: "percent of one core", Unit: templates.Percent, Series: used(cpu)},
		{ID: "memory", Title: "Memory", About: "highest in each minute", Unit: templates.Bytes, Series: used(memory)},
	}
	if both[0].Empty() {
		return nil
	}
	for _, use := range trend {
		if use.Limit > 0 {
			both[1].Limit = &templates.Limit{Name: "limit", Value: float64(use.Limit)}
		}
	}
	for n := range both {
		both[n].Short, both[n].Step, both[n].Start = true, time.Minute, end.Add(-(paas.TrendLength-1)*time.Minute)
	}
	return both
}
