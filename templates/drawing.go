package templates

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A chart is as wide as its place: what is across is in percent, or in the thousandths of a plot that
// is stretched; what is down is in pixels, so that text keeps its size on a small screen.
const (
	plotWidth   = 1000
	marksHeight = 24 // above the plot: a mark can be hit with a finger
	tallPlot    = 150
	shortPlot   = 72
	timesHeight = 22 // below the plot
)

// drawing is a chart with everything in its place.
type drawing struct {
	Chart
	Summary string // the whole in a sentence, for who cannot see it
	Height  int
	Top     int    // of the plot
	Plot    int    // its height
	Highest string // the value at its top, for the script
	Lines   []valueLine
	Times   []timeLabel
	Curves  []curve
	Limited *limitLine
	Above   string // the limit, when it is far above what is shown
	Flags   []pennant
}

type valueLine struct {
	Y     string
	Label string
}

type timeLabel struct {
	X      string
	Label  string
	Anchor string // start, middle or end: it stays inside
	Minor  bool   // left out where there is little room
}

// curve is a series as it is drawn, and what the table for screen readers says of it.
type curve struct {
	Class string // chart-a to chart-d
	Name  string
	Line  string // path data
	Area  string // empty when it is not filled
	Data  string // its values, for the script
	Last  string

	Lowest, Mean, Highest string
}

type limitLine struct {
	Y      string
	LabelY string
	Label  string
}

type pennant struct {
	Mark
	X     string
	Quiet bool // without its label: another is too near
}

// Draw puts everything of the chart in its place.
func (c Chart) Draw() drawing {
	d := drawing{Chart: c, Top: 8, Plot: tallPlot}
	most := 4
	if c.Short {
		d.Plot, most = shortPlot, 2
	} else {
		d.Top = marksHeight
	}
	d.Height = d.Top + d.Plot + timesHeight
	highest, measured := 0.0, 0
	for n, series := range c.Series {
		f := series.figures()
		measured += f.measured
		if f.measured > 0 {
			highest = max(highest, f.highest)
		}
		d.Curves = append(d.Curves, c.curve(n, f))
	}
	if measured > 0 {
		d.Soon = ""
	}
	shown := c.Limit != nil && (highest == 0 || highest*limitInSight >= c.Limit.Value)
	if shown {
		highest = max(highest, c.Limit.Value)
	} else if c.Limit != nil {
		d.Above = c.Limit.Name + " " + c.Unit.Write(c.Limit.Value) + ", above what is shown"
	}
	axis := fitted(c.Unit, highest, most)
	d.place(axis, shown)
	d.Summary = d.summary()
	return d
}

// Bottom is where the plot ends.
func (d drawing) Bottom() int { return d.Top + d.Plot }

// Middle is half way down the plot.
func (d drawing) Middle() int { return d.Top + d.Plot/2 }

// limitInSight is how many times the highest value a limit may be and still be drawn: beyond, the
// values would be a flat line at the bottom.
const limitInSight = 5

func (d *drawing) place(axis scale, limited bool) {
	d.Highest = strconv.FormatFloat(axis.top, 'f', -1, 64)
	for _, value := range axis.lines() {
		d.Lines = append(d.Lines, valueLine{pixels(d.y(axis, value)), d.Unit.Write(value)})
	}
	if limited {
		y := d.y(axis, d.Limit.Value)
		label := y - 5
		if label < float64(d.Top)+8 {
			label = y + 14
		}
		d.Limited = &limitLine{pixels(y), pixels(label), d.Limit.Name + " " + d.Unit.Write(d.Limit.Value)}
	}
	for n := range d.Curves {
		d.trace(n, axis)
	}
	d.placeTimes()
	d.placeMarks()
}

// y is how far down a value is in the whole drawing.
func (d *drawing) y(axis scale, value float64) float64 {
	return float64(d.Top) + float64(d.Plot)*(1-value/axis.top)
}

func (c Chart) curve(n int, f figures) curve {
	series := c.Series[n]
	class := "chart-" + string(rune('a'+n))
	if series.Bad {
		class = "chart-d chart-bad"
	}
	return curve{
		Class: class, Name: series.Name, Data: compact(series.Values),
		Last: c.written(f.last), Lowest: c.written(f.lowest), Mean: c.written(f.mean), Highest: c.written(f.highest),
	}
}

func (c Chart) written(value float64) string {
	if math.IsNaN(value) {
		return "–"
	}
	return c.Unit.Write(value)
}

// trace makes the path of a curve, inside the plot.
func (d *drawing) trace(n int, axis scale) {
	area := ""
	d.Curves[n].Line, area = trace(d.Series[n].Values, plotWidth, float64(d.Plot), axis.top)
	if d.Series[n].Filled {
		d.Curves[n].Area = area
	}
}

// trace makes the paths of a line through values and of the area below it, in a box. Where nothing was
// measured they are interrupted; a value alone is a dot.
func trace(values []float64, width, height, top float64) (string, string) {
	var line, area []byte
	across := width / float64(max(1, len(values)-1))
	bottom := short(nil, height)
	for from := 0; from < len(values); from++ {
		to := from
		for ; to < len(values) && !math.IsNaN(values[to]); to++ {
			at := short(append(short(nil, float64(to)*across), ' '), height*(1-values[to]/top))
			step := byte('L')
			if to == from {
				step = 'M'
				area = append(short(append(area, 'M'), float64(to)*across), ' ')
				area = append(append(area, bottom...), 'L')
			} else {
				area = append(area, 'L')
			}
			line, area = append(append(line, step), at...), append(area, at...)
		}
		if to == from {
			continue
		}
		if to == from+1 {
			line = append(line, "h0"...)
		}
		area = append(append(append(area, 'V'), bottom...), 'Z')
		from = to
	}
	return string(line), string(area)
}

func (d *drawing) placeTimes() {
	for n, moment := range moments(d.Start, d.End()) {
		share := d.share(moment.at.Sub(d.Start).Seconds())
		anchor := "middle"
		switch {
		case share < 0.02:
			anchor = "start"
		case share > 0.97:
			anchor = "end"
		}
		d.Times = append(d.Times, timeLabel{percent(share), moment.label, anchor, n%2 == 1})
	}
}

// apart is the least distance of labelled marks.
const apart = 0.07

func (d *drawing) placeMarks() {
	labelled := -1.0
	for _, mark := range d.Marks {
		share := d.share(mark.At.Sub(d.Start).Seconds())
		if share < 0 || share > 1 {
			continue
		}
		quiet := labelled >= 0 && share-labelled < apart
		if !quiet {
			labelled = share
		}
		d.Flags = append(d.Flags, pennant{mark, percent(share), quiet})
	}
}

// share is where a time is between the chart's ends.
func (d *drawing) share(seconds float64) float64 {
	whole := d.End().Sub(d.Start).Seconds()
	if whole == 0 {
		return 0
	}
	return seconds / whole
}

// summary says what the lines show.
func (d *drawing) summary() string {
	said := []string{fmt.Sprintf("%s from %s to %s UTC.", d.Title, d.Start.UTC().Format("2 January 15:04"), d.End().UTC().Format("2 January 15:04"))}
	for _, curve := range d.Curves {
		switch {
		case curve.Highest == "–":
			said = append(said, curve.Name+": nothing measured.")
		default:
			said = append(said, fmt.Sprintf("%s: now %s, lowest %s, mean %s, highest %s.", curve.Name, curve.Last, curve.Lowest, curve.Mean, curve.Highest))
		}
	}
	if d.Limit != nil {
		said = append(said, d.Limit.Name+": "+d.Unit.Write(d.Limit.Value)+".")
	}
	return strings.Join(said, " ")
}

// exponent shortens how a number ends: e+08 is e8.
var exponent = strings.NewReplacer("e+0", "e", "e+", "e")

// compact writes values for the script: four digits of each, nothing for what is missing.
func compact(values []float64) string {
	var out strings.Builder
	for n, value := range values {
		if n > 0 {
			out.WriteByte(',')
		}
		if !math.IsNaN(value) {
			out.WriteString(exponent.Replace(strconv.FormatFloat(value, 'g', 4, 64)))
		}
	}
	return out.String()
}

// short adds a coordinate, from 0 up, with as much precision as a screen has.
func short(to []byte, value float64) []byte {
	tenths := int64(math.Round(max(0, value) * 10))
	to = strconv.AppendInt(to, tenths/10, 10)
	if tenths%10 != 0 {
		to = append(to, '.', byte('0'+tenths%10))
	}
	return to
}

// pixels is a coordinate in the middle of a row of pixels: a line of one there is sharp.
func pixels(value float64) string { return strconv.FormatFloat(math.Floor(value)+0.5, 'f', 1, 64) }

func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e4)/100, 'f', -1, 64) + "%"
}
