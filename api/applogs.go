package api

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"

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
	query.Follow = call.WantsStream()
	if query.Follow && query.Tail == 0 && query.Since.IsZero() {
		query.Tail = liveTail
	}
	ctx, stop := call.Watching()
	defer stop(nil)
	log, err := a.platform.Logs(ctx, call.Caller, call.Project.ID, query)
	if err != nil {
		return err
	}
	if !query.Follow {
		return answerLines(call, log, asLines)
	}
	stream, err := call.EventStream()
	if err != nil {
		return err
	}
	return follow(ctx, stream, stepsOf(ctx, log, stop), func(line paas.LogLine) error { return sendLine(stream, line, asLines) }, nothingToSay)
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
