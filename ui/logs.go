package ui

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

const (
	firstLines  = 500 // that a page of a log begins with
	aroundLines = 250 // on each side of one that an address names
	choices     = 30  // deployments that a filter offers
)

// logRoutes are the logs of what runs and of what was built.
func (u *ui) logRoutes() []web.Route {
	return []web.Route{
		get("/dashboard/live", web.Private, u.live),
		get("/dashboard/:id/logs", web.Owner, u.logs),
		get("/dashboard/:id/logs/download", web.Owner, u.download),
		get("/dashboard/:id/deployments/:n/log", web.Owner, u.buildLog),
	}
}

// logs shows what a project writes: the newest lines of those that were asked for, and live from there,
// or those around the line that the address names.
func (u *ui) logs(call *web.Call) error {
	page := templates.Logs{LogFilter: typedFilter(call.QueryParams())}
	state, err := u.state(call)
	if err != nil {
		return err
	}
	page.Frame, page.ProjectHead = u.head(call, "logs", "Logs", state)
	if err := u.offer(call, state, &page.LogFilter); err != nil {
		return err
	}
	page.Log = templates.Lines{Label: "Log of " + call.Project.Name, Empty: emptyLog(state, page.Filtered())}
	query, err := logQuery(call.QueryParams())
	if refused, mistakes, ok := wrong(err); err != nil && ok {
		page.Mistakes = mistakes
		return u.show(call, call.Refused(refused), page)
	}
	if moment, named := momentOf(call.QueryParam("at")); named && err == nil {
		page.At = &moment
		page.Log.Lines, err = u.linesAround(call, moment)
	} else if err == nil {
		err = u.newestLines(call, query, &page.Log)
	}
	if err != nil {
		return err
	}
	return u.show(call, http.StatusOK, page)
}

// typedFilter is the form as it was sent.
func typedFilter(values url.Values) templates.LogFilter {
	return templates.LogFilter{
		Process: values.Get("process"), Deployment: values.Get("deployment"), Grep: values.Get("grep"),
		Since: values.Get("since"), Until: values.Get("until"),
	}
}

// logQuery reads the form of the filter.
func logQuery(values url.Values) (query paas.LogQuery, err error) {
	if query, err = logFilter(values); err != nil {
		return query, err
	}
	if query.Since, err = pointInTime("since", values.Get("since")); err != nil {
		return query, err
	}
	query.Until, err = pointInTime("until", values.Get("until"))
	return query, err
}

// pointInTime reads a time in UTC as people write it, or how long ago it was.
func pointInTime(field, text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return time.Now().Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, paas.InvalidField(field, "%q is no time. Write how long ago, like 10m, or a time in UTC, like 2026-01-31 12:00.", text)
}

// offer fills in what the filter can be set to.
func (u *ui) offer(call *web.Call, state paas.ProjectState, filter *templates.LogFilter) error {
	deployments, err := u.platform.Deployments(call.Request().Context(), call.Caller, call.Project.ID, 0, choices)
	if err != nil {
		return err
	}
	for _, d := range deployments {
		filter.Deployments = append(filter.Deployments, d.Name())
	}
	if state.Live != nil {
		runs := state.Live.Runs()
		for _, process := range runs.Types() {
			filter.Processes = append(filter.Processes, process)
			for index := 1; index <= runs[process] && runs[process] > 1; index++ {
				filter.Processes = append(filter.Processes, fmt.Sprintf("%s.%d", process, index))
			}
		}
	}
	if filter.Process != "" && !slices.Contains(filter.Processes, filter.Process) {
		filter.Processes = append(filter.Processes, filter.Process)
	}
	if filter.Deployment != "" && !slices.Contains(filter.Deployments, filter.Deployment) {
		filter.Deployments = append(filter.Deployments, filter.Deployment)
	}
	return nil
}

func emptyLog(state paas.ProjectState, filtered bool) string {
	switch {
	case filtered:
		return "No line is like that. Take something out of the filter to see more."
	case state.Newest == nil:
		return "Nothing runs yet. Once a version is pushed, what it writes to its standard output appears here by itself."
	}
	return "Nothing was written yet. What the application writes to its standard output appears here by itself."
}

// newestLines are the newest that a query chooses; it goes on from there unless it has an end.
func (u *ui) newestLines(call *web.Call, query paas.LogQuery, shown *templates.Lines) error {
	path := projectPath(call.Project.ID, "logs/download")
	if values := call.QueryParams().Encode(); values != "" {
		path += "?" + values
	}
	shown.Download = path
	if query.Until.IsZero() {
		shown.Topic, shown.After = logsTopic(call.Project.ID, query), positionAt(time.Now())
	}
	query.Tail = firstLines
	lines, err := u.readLines(call, query)
	if err != nil {
		return err
	}
	shown.Earlier = len(lines) == firstLines
	if shown.Earlier { // the first moment may have lines before these, which would be named like them
		first := lines[0].At
		at := slices.IndexFunc(lines, func(line paas.LogLine) bool { return !line.At.Equal(first) })
		lines = lines[max(at, 0):]
	}
	shown.Lines = named(lines)
	if len(lines) > 0 {
		newest := slices.MaxFunc(shown.Lines, func(a, b templates.Line) int { return a.At.Compare(b.At) })
		shown.After = newest.ID
	}
	return nil
}

// linesAround are those before and after a moment, whoever wrote them.
func (u *ui) linesAround(call *web.Call, moment time.Time) ([]templates.Line, error) {
	before, err := u.readLines(call, paas.LogQuery{Until: moment.Add(-1), Tail: aroundLines})
	if err != nil {
		return nil, err
	}
	ctx, enough := context.WithCancel(call.Request().Context())
	defer enough()
	log, err := u.platform.Logs(ctx, call.Caller, call.Project.ID, paas.LogQuery{Since: moment})
	if err != nil {
		return nil, err
	}
	var after []paas.LogLine
	for line, err := range log {
		if err != nil {
			return nil, fmt.Errorf("read log: %w", err)
		}
		if after = append(after, line); len(after) == aroundLines {
			break
		}
	}
	return named(append(before, after...)), nil
}

func (u *ui) readLines(call *web.Call, query paas.LogQuery) (lines []paas.LogLine, err error) {
	log, err := u.platform.Logs(call.Request().Context(), call.Caller, call.Project.ID, query)
	if err != nil {
		return nil, err
	}
	for line, err := range log {
		if err != nil {
			return nil, fmt.Errorf("read log: %w", err)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func named(lines []paas.LogLine) []templates.Line {
	var names naming
	shown := make([]templates.Line, len(lines))
	for i, line := range lines {
		shown[i] = logLine(&names, line)
	}
	return shown
}

// download answers with all lines that the filter of the page chooses, as a file.
func (u *ui) download(call *web.Call) error {
	query, err := logQuery(call.QueryParams())
	if err != nil {
		return err
	}
	log, err := u.platform.Logs(call.Request().Context(), call.Caller, call.Project.ID, query)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%s.log", call.Project.Name, time.Now().UTC().Format("20060102-150405"))
	return call.Download(name, func(to io.Writer) error { return writeLines(to, log) })
}

// writeLines writes a log as a file. One that cannot be read further says so where it ends.
func writeLines(to io.Writer, log iter.Seq2[paas.LogLine, error]) error {
	out := bufio.NewWriterSize(to, 64<<10)
	for line, err := range log {
		if err != nil {
			fmt.Fprintln(out, "… the log could not be read further")
			return cmp.Or(out.Flush(), fmt.Errorf("read log: %w", err))
		}
		from := string(line.Stream)
		if line.Process != "" {
			from = line.Process + "." + strconv.Itoa(line.Index)
		}
		if _, err := fmt.Fprintf(out, "%s %s %s\n", line.At.UTC().Format(time.RFC3339Nano), from, line.Text); err != nil {
			return err
		}
	}
	return out.Flush()
}
