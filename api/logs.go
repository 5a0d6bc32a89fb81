package api

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
	"github.com/paastech-cloud/paastech/web/problem"
)

// Bounds of logs.
const (
	maxTail   = 100_000
	liveTail  = 100     // what a live log begins with unless the caller says
	maxLog    = 8 << 20 // bytes of an answer that is not live; the newest are kept
	beatEvery = 15 * time.Second
	maxNumber = 1_000_000_000
)

func (a *api) logRoutes() []endpoint {
	line, nothingMore, failed := reflect.TypeFor[string](), reflect.TypeFor[wire.Nothing](), reflect.TypeFor[problem.Document]()
	return tagged("logs",
		raw[wire.Logs](a.logs, operation{name: "logs", method: http.MethodGet, path: "/projects/:id/logs", level: web.Owner, query: []openapi.Parameter{
			count("tail", maxTail, nil, "The newest lines; a live log begins with 100 unless said."),
			words("since", "10m", "A time like 2026-01-31T12:00:00Z, or how long ago."),
			words("until", "5m", "Like since: no lines after that."),
			words("process", "web.1", "Only lines of a type of process, or of one of its containers."),
			count("deployment", maxNumber, nil, "Only lines of the deployment with this number."),
			words("grep", "timeout", "Only lines that contain this text, in capitals or not."),
			toggle("lines", false, "Answer with every line's time, process and deployment instead of text; in a stream each event is such a line as JSON."),
		}, events: map[string]reflect.Type{"": line, wire.EventEnd: nothingMore, problem.Event: failed},
			summary: "Read what an application writes: so far or, as a stream of events, live.", errors: nothingElse()}),
		raw[wire.Logs](a.deploymentLog, operation{name: "deploymentLog", method: http.MethodGet, path: "/projects/:id/deployments/:n/log", level: web.Owner,
			events:  map[string]reflect.Type{"": line, wire.EventEnd: reflect.TypeFor[wire.Deployment](), problem.Event: failed},
			summary: "Read the log of a build and start: so far or, as a stream of events, until it ends.", errors: nothingElse()}),
	)
}

// since reads a moment, or how long ago it was.
func since(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return time.Now().Add(-ago), nil
	}
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, paas.InvalidField(name, "%s is a time like 2026-01-31T12:00:00Z, or how long ago, like 10m.", name)
	}
	return moment, nil
}

func answerLog(call *web.Call, log io.Reader) error {
	text, err := newestBytes(log, maxLog)
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	return call.Answer(http.StatusOK, wire.Answer[wire.Logs]{Status: wire.OK, Content: wire.Logs{Logs: strings.ToValidUTF8(string(text), "\uFFFD")}})
}

// newestBytes reads to the end and keeps at most the last bytes, from the beginning of a line.
func newestBytes(from io.Reader, most int) ([]byte, error) {
	var kept []byte
	buffer := make([]byte, 64<<10)
	cut := false
	for {
		n, err := from.Read(buffer)
		kept = append(kept, buffer[:n]...)
		if len(kept) > 2*most {
			kept, cut = append(kept[:0], kept[len(kept)-most:]...), true
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if len(kept) > most {
		kept, cut = kept[len(kept)-most:], true
	}
	if !cut {
		return kept, nil
	}
	_, whole, _ := strings.Cut(string(kept), "\n")
	return []byte(whole), nil
}

func (a *api) deploymentLog(call *web.Call) error {
	deployment, err := a.numbered(call)
	if err != nil {
		return err
	}
	if call.WantsStream() {
		return a.streamDeployment(call, deployment.Number)
	}
	log, err := a.platform.DeploymentLog(call.Request().Context(), call.Caller, call.Project.ID, deployment.Number)
	if err != nil {
		return err
	}
	defer log.Close()
	return answerLog(call, log)
}

// streamDeployment sends what a deployment writes until it has come to its end, and how that was.
func (a *api) streamDeployment(call *web.Call, number int) error {
	ctx, stop := call.Watching()
	defer stop(nil)
	stream, err := call.EventStream()
	if err != nil {
		return err
	}
	log := a.platform.FollowDeploymentLog(ctx, call.Caller, call.Project.ID, number)
	return follow(ctx, stream, stepsOf(ctx, log, stop), stream.Line, func() (any, error) {
		deployment, err := a.platform.Deployment(ctx, call.Caller, call.Project.ID, number)
		return wire.DeploymentOf(deployment), err
	})
}
