package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
)

const eventStream = "text/event-stream"

// maxEvent bounds one line of a stream; containers' lines are split at 16 KiB by the engine.
const maxEvent = 1 << 20

// LogQuery chooses lines of an application's log.
type LogQuery struct {
	Tail       int       // newest lines; 0 means what the server sees fit
	Since      time.Time // zero means from the beginning
	Until      time.Time // zero means to the end
	Process    string    // web or web.1; empty means all
	Deployment int       // 0 means all
	Grep       string    // a text that the lines contain
}

func (q LogQuery) query() url.Values {
	query := url.Values{}
	if q.Tail > 0 {
		query.Set("tail", strconv.Itoa(q.Tail))
	}
	if !q.Since.IsZero() {
		query.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	if !q.Until.IsZero() {
		query.Set("until", q.Until.UTC().Format(time.RFC3339Nano))
	}
	if q.Process != "" {
		query.Set("process", q.Process)
	}
	if q.Deployment > 0 {
		query.Set("deployment", strconv.Itoa(q.Deployment))
	}
	if q.Grep != "" {
		query.Set("grep", q.Grep)
	}
	return query
}

// Logs returns what the application has written.
func (c *Client) Logs(ctx context.Context, id paas.ProjectID, query LogQuery) (string, error) {
	logs, err := content[wire.Logs](ctx, c, request{method: http.MethodGet, path: project(id, "logs"), query: query.query()})
	return logs.Logs, err
}

// LogLines returns what the application has written, with when and by which process.
func (c *Client) LogLines(ctx context.Context, id paas.ProjectID, query LogQuery) ([]wire.LogLine, error) {
	logs, err := content[wire.Logs](ctx, c, request{method: http.MethodGet, path: project(id, "logs"), query: query.lines()})
	return logs.Lines, err
}

func (q LogQuery) lines() url.Values {
	query := q.query()
	query.Set("lines", "true")
	return query
}

// FollowLogs gives hear each line that the application has written and goes on to write, over every
// change of what runs, until ctx ends. An error of hear ends it, too.
func (c *Client) FollowLogs(ctx context.Context, id paas.ProjectID, query LogQuery, hear func(wire.LogLine) error) error {
	_, err := c.follow(ctx, request{method: http.MethodGet, path: project(id, "logs"), query: query.lines(), accept: eventStream}, func(text string) error {
		var line wire.LogLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			return fmt.Errorf("read a log line: %w", err)
		}
		return hear(line)
	})
	return err
}

// DeploymentLog returns what a deployment has written so far while it was built and started.
func (c *Client) DeploymentLog(ctx context.Context, id paas.ProjectID, number int) (string, error) {
	logs, err := content[wire.Logs](ctx, c, request{method: http.MethodGet, path: project(id, "deployments", strconv.Itoa(number), "log")})
	return logs.Logs, err
}

// FollowDeploymentLog gives line each line of a deployment's log until the deployment is live or has
// failed, and returns it as it then is.
func (c *Client) FollowDeploymentLog(ctx context.Context, id paas.ProjectID, number int, line func(string) error) (wire.Deployment, error) {
	var deployment wire.Deployment
	last, err := c.follow(ctx, request{method: http.MethodGet, path: project(id, "deployments", strconv.Itoa(number), "log"), accept: eventStream}, line)
	if err != nil {
		return deployment, err
	}
	if err := json.Unmarshal([]byte(last), &deployment); err != nil {
		return deployment, fmt.Errorf("read how the deployment ended: %w", err)
	}
	return deployment, nil
}

// Events gives hear each change of one's projects as it happens, until ctx ends or hear fails.
func (c *Client) Events(ctx context.Context, hear func(wire.Event) error) error {
	return c.hear(ctx, request{method: http.MethodGet, path: []string{"events"}, accept: eventStream}, hear)
}

// FollowEvents is Events for one project; it begins with the newest that have happened, oldest first.
func (c *Client) FollowEvents(ctx context.Context, id paas.ProjectID, newest int, hear func(wire.Event) error) error {
	query := url.Values{}
	if newest > 0 {
		query.Set("limit", strconv.Itoa(newest))
	}
	return c.hear(ctx, request{method: http.MethodGet, path: project(id, "events"), query: query, accept: eventStream}, hear)
}

// ProjectEvents lists what happened to a project, newest first; the next page begins at the cursor returned.
func (c *Client) ProjectEvents(ctx context.Context, id paas.ProjectID, limit int, cursor string) ([]wire.Event, string, error) {
	query := url.Values{}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	answer, err := call[[]wire.Event](ctx, c, request{method: http.MethodGet, path: project(id, "events"), query: query})
	return answer.Content, answer.NextCursor, err
}

func (c *Client) hear(ctx context.Context, r request, hear func(wire.Event) error) error {
	response, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	events := newEventReader(response.Body)
	for {
		event, err := events.next()
		if err != nil {
			return c.lost(ctx, fmt.Errorf("the stream broke off: %w", err))
		}
		switch event.name {
		case wire.EventEnd:
			return nil
		case problem.Event:
			return broken(event.data)
		}
		var change wire.Event
		if err := json.Unmarshal([]byte(event.data), &change); err != nil {
			return fmt.Errorf("read an event: %w", err)
		}
		if err := hear(change); err != nil {
			return err
		}
	}
}

// follow reads a stream to its end event and returns that event's data.
func (c *Client) follow(ctx context.Context, r request, line func(string) error) (string, error) {
	response, err := c.send(ctx, r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	events := newEventReader(response.Body)
	for {
		event, err := events.next()
		if err != nil {
			return "", c.lost(ctx, fmt.Errorf("the stream broke off: %w", err))
		}
		switch event.name {
		case wire.EventEnd:
			return event.data, nil
		case problem.Event:
			return "", broken(event.data)
		case "":
			if err := line(event.data); err != nil {
				return "", err
			}
		}
	}
}

func broken(data string) error {
	var document problem.Document
	if err := json.Unmarshal([]byte(data), &document); err != nil {
		return fmt.Errorf("read why the stream broke: %w", err)
	}
	return document.Err()
}

// event is one event of a stream (HTML standard, section 9.2).
type event struct{ name, data string }

type eventReader struct{ lines *bufio.Scanner }

func newEventReader(from io.Reader) eventReader {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxEvent)
	return eventReader{lines}
}

// next returns the next event that carries data or a name; comments only keep the connection alive.
func (r eventReader) next() (event, error) {
	var e event
	var data []string
	for r.lines.Scan() {
		line := r.lines.Text()
		if line == "" {
			if e.name != "" || data != nil {
				e.data = strings.Join(data, "\n")
				return e, nil
			}
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			e.name = value
		case "data":
			data = append(data, value)
		}
	}
	return event{}, errors.Join(r.lines.Err(), io.ErrUnexpectedEOF)
}
