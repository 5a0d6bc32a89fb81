package templates

import (
	"fmt"
	"html/template"
	"math"
)

// Sparkline is a line so small that it has no axes: it shows a shape, and says its figures.
type Sparkline struct {
	Name   string // CPU
	Over   string // the last 30 minutes
	Unit   Unit
	Values []float64 // NaN where nothing was measured
	Class  string    // chart-a to chart-d
}

const (
	sparkStep   = 3 // pixels from one value to the next: whole numbers are short
	sparkHeight = 24
)

// HTML draws the line, above its last value. It begins at zero, and leaves a pixel above and below for its own width. A list
// has hundreds, for which a template of their own would take longer than all the rest of the page.
func (s Sparkline) HTML() template.HTML {
	f := Series{Values: s.Values}.figures()
	if f.measured == 0 {
		return ""
	}
	width := sparkStep * max(1, len(s.Values)-1)
	top := max(f.highest, s.Unit.least()) * sparkHeight / (sparkHeight - 2)
	line, _ := trace(s.Values, float64(width), sparkHeight-1, top)
	now := "–"
	if !math.IsNaN(f.last) {
		now = s.Unit.Write(f.last)
	}
	name := template.HTMLEscapeString(s.Name)
	return template.HTML(fmt.Sprintf(`<p><svg class="spark %s" width="%d" height="%d" role="img" aria-label="%s over %s: highest %s"><path d="%s"/></svg><small>%s %s</small></p>`,
		template.HTMLEscapeString(s.Class), width, sparkHeight, name, template.HTMLEscapeString(s.Over), s.Unit.Write(f.highest), line, name, now))
}

// Empty tells whether nothing was measured at all.
func (s Sparkline) Empty() bool { return Series{Values: s.Values}.figures().measured == 0 }
