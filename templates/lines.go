package templates

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Lines is a log on a page: {{template "lines" .}} shows it, and what is live keeps adding to it.
type Lines struct {
	Label    string // what it is a log of
	Topic    string // of GET /dashboard/live; empty when nothing more comes
	After    string // where the topic goes on
	Lines    []Line
	Earlier  bool   // there are lines before these
	Download string // the address of the whole; empty for none
	Empty    string // what is said while there are none
}

// Line is one line of a log.
type Line struct {
	ID     string // of the element: it begins with L or B
	At     time.Time
	Link   string      // the address that shows the line among others
	From   string      // what wrote it; empty in logs of builds
	Stream paas.Stream // empty in logs of builds
	Text   string
}

// HTML is the list item of the line, on the page and in what is added to it.
func (l Line) HTML() template.HTML {
	var out strings.Builder
	out.WriteString(`<li id="` + template.HTMLEscapeString(l.ID) + `"`)
	if l.Stream != "" {
		out.WriteString(` class="` + template.HTMLEscapeString(string(l.Stream)) + `"`)
	}
	out.WriteString(`><a class="at" tabindex="-1" href="` + template.HTMLEscapeString(l.Link) + `">`)
	if l.At.IsZero() {
		out.WriteString(template.HTMLEscapeString(strings.TrimLeft(l.ID, "B")))
	} else {
		at := l.At.UTC()
		out.WriteString(`<time datetime="` + at.Format(time.RFC3339Nano) + `" title="` + at.Format(fullTime) + `">` + at.Format("01-02 15:04:05") + `</time>`)
	}
	out.WriteString(`</a>`)
	if l.Stream != "" {
		out.WriteString(`<span class="from">` + template.HTMLEscapeString(l.From) + `</span>`)
	}
	out.WriteString(`<span class="text" dir="ltr">`)
	out.WriteString(string(Printed(l.Text)))
	out.WriteString(`</span></li>`)
	return template.HTML(out.String())
}

// fullTime is a time to the millisecond, as people read it.
const fullTime = "2006-01-02 15:04:05.000 UTC"

// BuildLine is the nth line of a deployment's log; the first is 1.
func BuildLine(n int, text string) Line {
	id := "B" + strconv.Itoa(n)
	return Line{ID: id, Link: "#" + id, Text: text}
}
