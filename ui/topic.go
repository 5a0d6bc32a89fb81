package ui

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
)

const (
	// maxTopics is how many topics one browser may follow at a time.
	maxTopics = 64

	// overlap is how far before its position a log is read again: lines of several containers come in
	// the order in which they arrive, not in that of their times. The page knows those that it has.
	overlap = 10 * time.Second
)

// topic is what a page follows besides its reader's own projects: project/<id>, the changes of one;
// logs/<project>?process=&grep=&deployment=, what it writes; build/<project>/<number>, the log of a
// deployment. Those of lines go on after a position.
type topic struct {
	name    string // as its page calls it
	kind    string
	project paas.ProjectID
	number  int           // of kind build: the deployment
	query   paas.LogQuery // of kind logs
	after   string
}

var errTopic = paas.Errorf(paas.Invalid, paas.EInvalid, "This page follows something that is not there: load it anew.")

// parseTopic reads a topic as a page sends it, with its position at the end.
func parseTopic(text string) (topic, error) {
	name, after := text, ""
	if at := strings.LastIndexAny(text, "?&"); at >= 0 && strings.HasPrefix(text[at+1:], "after=") {
		name, after = text[:at], text[at+1+len("after="):]
	}
	t := topic{name: name, after: after}
	address, query, _ := strings.Cut(name, "?")
	parts := strings.Split(address, "/")
	if len(parts) < 2 {
		return t, errTopic
	}
	t.kind, t.project = parts[0], paas.ProjectID(parts[1])
	var err error
	switch {
	case t.kind == "project" && len(parts) == 2 && query == "" && after == "":
	case t.kind == "logs" && len(parts) == 2:
		err = t.readLogs(query)
	case t.kind == "build" && len(parts) == 3 && query == "":
		err = t.readBuild(parts[2])
	default:
		err = errTopic
	}
	return t, err
}

func (t *topic) readLogs(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errTopic.Because(err)
	}
	moment, known := momentOf(t.after)
	if t.after != "" && !known {
		return errTopic
	}
	if t.query, err = logFilter(values); err != nil {
		return err
	}
	t.query.Follow, t.query.Tail = true, shownLines
	if t.query.Since = moment; known {
		t.query.Since = moment.Add(-overlap)
	}
	return nil
}

func (t *topic) readBuild(number string) (err error) {
	if _, known := numberOf(t.after); t.after != "" && !known {
		return errTopic
	}
	if t.number, err = strconv.Atoi(number); err != nil || t.number < 1 {
		return errTopic
	}
	return nil
}

// logFilter reads which lines of a project's log a page is about, as far as they can be followed.
func logFilter(values url.Values) (query paas.LogQuery, err error) {
	query.Process, query.Grep = values.Get("process"), values.Get("grep")
	if number := values.Get("deployment"); number != "" {
		if query.Deployment, err = strconv.Atoi(strings.TrimPrefix(number, "v")); err != nil || query.Deployment < 1 {
			return query, paas.InvalidField("deployment", "A deployment is named like v3.")
		}
	}
	return query, query.Validate()
}

// logsTopic is the topic of the lines that a query chooses.
func logsTopic(project paas.ProjectID, query paas.LogQuery) string {
	values := url.Values{}
	if query.Process != "" {
		values.Set("process", query.Process)
	}
	if query.Deployment != 0 {
		values.Set("deployment", strconv.Itoa(query.Deployment))
	}
	if query.Grep != "" {
		values.Set("grep", query.Grep)
	}
	if len(values) == 0 {
		return "logs/" + string(project)
	}
	return "logs/" + string(project) + "?" + values.Encode()
}

// buildTopic is the topic of the log of a deployment.
func buildTopic(project paas.ProjectID, number int) string {
	return fmt.Sprintf("build/%s/%d", project, number)
}

// lines yields what is added to the page that follows the topic, until ctx ends or nothing more comes.
func (u *ui) lines(ctx context.Context, caller paas.User, t topic) iter.Seq2[templates.Line, error] {
	if t.kind == "build" {
		return u.linesOfBuild(ctx, caller, t)
	}
	return func(yield func(templates.Line, error) bool) {
		log, err := u.platform.Logs(ctx, caller, t.project, t.query)
		if err != nil {
			yield(templates.Line{}, err)
			return
		}
		var names naming
		for line, err := range log {
			if !yield(logLine(&names, line), err) || err != nil {
				return
			}
		}
	}
}

func (u *ui) linesOfBuild(ctx context.Context, caller paas.User, t topic) iter.Seq2[templates.Line, error] {
	return func(yield func(templates.Line, error) bool) {
		known, _ := numberOf(t.after)
		number := 0
		for text, err := range u.platform.FollowDeploymentLog(ctx, caller, t.project, t.number) {
			if number++; err == nil && number <= known {
				continue
			}
			if !yield(templates.BuildLine(number, text), err) || err != nil {
				return
			}
		}
	}
}
