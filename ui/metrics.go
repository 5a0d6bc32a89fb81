package ui

import (
	"fmt"
	"net/http"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// span is a time that the graphs can go back.
type span struct {
	name  string // in the address
	label string
	last  string // the last …
	over  time.Duration
	step  time.Duration // from one value to the next: a graph has less than 200
	each  string        // the step in words
	every int           // seconds after which the page looks again
}

var spans = []span{
	{"1h", "1 hour", "hour", time.Hour, 20 * time.Second, "20 seconds", 10},
	{"24h", "24 hours", "24 hours", 24 * time.Hour, 10 * time.Minute, "10 minutes", 60},
	{"7d", "7 days", "7 days", 7 * 24 * time.Hour, time.Hour, "hour", 300},
}

// spanOf is the one that an address names, else the shortest.
func spanOf(name string) span {
	for _, known := range spans {
		if known.name == name {
			return known
		}
	}
	return spans[0]
}

// mostMarks is how many of the newest deployments are looked at for marks.
const mostMarks = 100

func (u *ui) metrics(call *web.Call) error {
	ctx, chosen := call.Request().Context(), spanOf(call.QueryParam("range"))
	state, err := u.state(call)
	if err != nil {
		return err
	}
	samples, err := u.platform.Metrics(ctx, call.Caller, call.Project.ID, chosen.over)
	if err != nil {
		return err
	}
	deployments, err := u.platform.Deployments(ctx, call.Caller, call.Project.ID, 0, mostMarks)
	if err != nil {
		return err
	}
	page := templates.Metrics{New: state.Newest == nil, Ranges: ranges(call.Project.ID, chosen)}
	page.Frame, page.ProjectHead = u.head(call, "metrics", "Metrics", state)
	page.Every = chosen.every
	if len(samples) == 0 {
		page.Nothing = nothingMeasured(state, chosen)
		return u.show(call, http.StatusOK, page)
	}
	line := newTimeline(samples, time.Now().UTC(), chosen.over, chosen.step)
	page.Figures = figures(line, chosen)
	page.Charts = charts(line, chosen, marks(call.Project.ID, deployments))
	return u.show(call, http.StatusOK, page)
}

func ranges(id paas.ProjectID, chosen span) []templates.Tab {
	var tabs []templates.Tab
	for _, one := range spans {
		tabs = append(tabs, templates.Tab{Name: one.name, Label: one.label, Path: projectPath(id, "metrics") + "?range=" + one.name, Current: one == chosen})
	}
	return tabs
}

// nothingMeasured says why there is nothing to see, and what changes that.
func nothingMeasured(state paas.ProjectState, chosen span) string {
	switch {
	case state.Newest == nil:
		return "Nothing runs yet. The first figures come ten seconds after the first version has started."
	case state.Live == nil:
		return "No version has run yet. The first figures come ten seconds after one has started."
	case state.Status == paas.StatusSleeping:
		return "The application sleeps, and did not run in the last " + chosen.last + "."
	case state.Status == paas.StatusStopped:
		return "The application is stopped, and did not run in the last " + chosen.last + "."
	}
	return "Nothing was measured in the last " + chosen.last + ". The first figures come within ten seconds."
}

// marks are the deployments that went live, oldest first.
func marks(id paas.ProjectID, deployments []paas.Deployment) []templates.Mark {
	var all []templates.Mark
	for n := len(deployments) - 1; n >= 0; n-- {
		d := deployments[n]
		if d.LiveAt == nil {
			continue
		}
		all = append(all, templates.Mark{
			At: *d.LiveAt, Label: d.Name(), Link: projectPath(id, fmt.Sprintf("deployments/%d", d.Number)),
			About: fmt.Sprintf("%s went live on %s UTC (%s)", d.Name(), d.LiveAt.UTC().Format("2 January at 15:04"), d.Reason),
		})
	}
	return all
}

// figures are what one wants to know first: how things are now, and how the whole time was.
func figures(line timeline, chosen span) []templates.Figure {
	now, whole := line.now(), line.whole()
	in := "in the last " + chosen.last
	all := []templates.Figure{
		{Name: "CPU", Value: "–"}, {Name: "Memory", Value: "–"}, {Name: "Requests", Value: "–"},
		{Name: "95% of requests", Value: "–", About: in},
		{Name: "Errors", Value: templates.Count.Write(float64(whole.Traffic.Errors)), About: in, Bad: whole.Traffic.Errors > 0},
		{Name: "Restarts", Value: templates.Count.Write(float64(whole.Restarts)), About: in, Bad: whole.Restarts > 0},
	}
	if now.Readings > 0 {
		all[0].Value, all[0].About = templates.Percent.Write(now.CPU), "of a core"
		all[1].Value = templates.Bytes.Write(float64(now.Memory))
		if now.Limit > 0 {
			all[1].About = "of " + templates.Bytes.Write(float64(now.Limit))
			all[1].Bad = float64(now.Memory) > 0.9*float64(now.Limit)
		}
	}
	if now.seconds > 0 {
		all[2].Value = templates.PerSecond.Write(float64(now.Traffic.Requests) / now.seconds)
	}
	if whole.Traffic.Requests > 0 {
		all[3].Value = "≤ " + templates.Seconds.Write(whole.Traffic.Percentile(95).Seconds())
	}
	return all
}

// charts are all graphs of a project.
func charts(line timeline, chosen span, marks []templates.Mark) []templates.Chart {
	second := func(count func(moment) uint64) []float64 {
		return line.values(func(m moment) float64 { return float64(count(m)) / m.seconds })
	}
	all := []templates.Chart{
		{ID: "cpu", Title: "CPU", About: "percent of one core", Unit: templates.Percent, Series: []templates.Series{
			{Name: "used", Values: line.running(func(m moment) float64 { return m.CPU }), Filled: true}}},
		{ID: "memory", Title: "Memory", About: "highest in each " + chosen.each, Unit: templates.Bytes, Limit: memoryLimit(line), Series: []templates.Series{
			{Name: "used", Values: line.running(func(m moment) float64 { return float64(m.Memory) }), Filled: true}}},
		{ID: "requests", Title: "Requests", About: "a second", Unit: templates.PerSecond, Soon: "No request yet.", Series: []templates.Series{
			{Name: "answered", Values: second(func(m moment) uint64 { return m.Traffic.Requests }), Filled: true}}},
		{ID: "errors", Title: "Errors", About: "answers from 500 up, in each " + chosen.each, Unit: templates.Count, Series: []templates.Series{
			{Name: "errors", Values: line.values(func(m moment) float64 { return float64(m.Traffic.Errors) }), Filled: true, Bad: true}}},
		{ID: "latency", Title: "Latency", About: "that 50, 95 and 99% of requests did not exceed", Unit: templates.Seconds, Soon: "No request in this time.", Series: []templates.Series{
			{Name: "p50", Values: line.percentiles(50)}, {Name: "p95", Values: line.percentiles(95)}, {Name: "p99", Values: line.percentiles(99)}}},
		{ID: "network", Title: "Network", About: "bytes a second", Unit: templates.BytesPerSecond, Series: []templates.Series{
			{Name: "sent", Values: second(func(m moment) uint64 { return m.Sent }), Filled: true},
			{Name: "received", Values: second(func(m moment) uint64 { return m.Received })}}},
	}
	for n := range all {
		all[n].Start, all[n].Step, all[n].Marks = line.start, line.step, marks
	}
	return all
}

// memoryLimit is what the containers of the newest step may use together; nil when nothing ran.
func memoryLimit(line timeline) *templates.Limit {
	for n := len(line.steps) - 1; n >= 0; n-- {
		if limit := line.steps[n].Limit; limit > 0 {
			return &templates.Limit{Name: "limit", Value: float64(limit)}
		}
	}
	return nil
}
