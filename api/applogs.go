package api

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// logs answers with what a project's containers wrote: as text, as lines, or live.
func (a *api) logs(call *web.Call) error {
	query, err := logQuery(call)
	if err != nil {
		return err
	}
	asLines, err := flag(call, "lines", false)
	if err != nil {
		return err
	}
	ctx, stop := call.Watching()
	defer stop(nil)
	query.Follow = call.WantsStream()
	if query.Follow && query.Tail == 0 && query.Since.IsZero() {
		query.Tail = liveTail
	}
	log, err := a.platform.Logs(ctx, call.Caller, call.Project.ID, query)
	if err != nil {
		return err
	}
	if query.Follow {
		return streamLines(ctx, call, log, asLines)
	}
	return answerLines(call, log, asLines)
}

func logQuery(call *web.Call) (query paas.LogQuery, err error) {
	if query.Tail, err = number(call, "tail", maxTail); err != nil {
		return query, err
	}
	if query.Deployment, err = number(call, "deployment", maxNumber); err != nil {
		return query, err
	}
	if query.Since, err = since("since", call.QueryParam("since")); err != nil {
		return query, err
	}
	if query.Until, err = since("until", call.QueryParam("until")); err != nil {
		return query, err
	}
	query.Process, query.Grep = call.QueryParam("process"), call.QueryParam("grep")
	return query, query.Validate()
}

// answerLines answers with at most the newest maxLog bytes.
func answerLines(call *web.Call, log iter.Seq2[paas.LogLine, error], asLines bool) error {
	var kept []paas.LogLine
	size, first := 0, 0
	for line, err := range log {
		if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		kept = append(kept, line)
		for size += len(line.Text) + 1; size > maxLog; first++ {
			size -= len(kept[first].Text) + 1
			kept[first] = paas.LogLine{}
		}
	}
	kept = kept[first:]
	content := wire.Logs{}
	if asLines {
		content.Lines = listed(kept, wire.LogLineOf)
	} else {
		var text strings.Builder
		for _, line := range kept {
			text.WriteString(line.Text + "\n")
		}
		content.Logs = text.String()
	}
	return call.Answer(http.StatusOK, wire.Answer[wire.Logs]{Status: wire.OK, Content: content})
}

// readLine is one step of a log.
type readLine struct {
	line paas.LogLine
	err  error
}

// streamLines sends lines as they are written, until the log, the caller or the server ends.
func streamLines(ctx context.Context, call *web.Call, log iter.Seq2[paas.LogLine, error], asLines bool) error {
	stream, err := call.EventStream()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	lines := make(chan readLine)
	go func() {
		defer close(lines)
		for line, err := range log {
			select {
			case lines <- readLine{line, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		stop() // ends a read that waits
		for range lines {
		}
	}()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case read, more := <-lines:
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case !more:
				return stream.Event(wire.EventEnd, nil)
			case read.err != nil:
				return stream.Fail(fmt.Errorf("read log: %w", read.err))
			}
			err = sendLine(stream, read.line, asLines)
		case <-beat.C:
			err = stream.Beat()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func sendLine(stream *web.Stream, line paas.LogLine, asLines bool) error {
	if !asLines {
		return stream.Line(line.Text)
	}
	text, err := json.Marshal(wire.LogLineOf(line))
	if err != nil {
		return fmt.Errorf("write a log line: %w", err)
	}
	return stream.Line(string(text))
}
