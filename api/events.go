package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
	"github.com/paastech-cloud/paastech/web/problem"
)

// eventTypes are the events of GET /events with their data.
func eventTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{wire.EventEnd: reflect.TypeFor[wire.Nothing](), problem.Event: reflect.TypeFor[problem.Document]()}
	for _, kind := range paas.EventKinds() {
		types[string(kind)] = reflect.TypeFor[wire.Event]()
	}
	return types
}

// events tells what happens to the caller's projects, until the caller goes, the server ends or
// the caller's log-in does.
func (a *api) events(call *web.Call) error {
	ctx, stop := call.Watching()
	defer stop(nil)
	happening, err := a.platform.Watch(ctx, call.Caller)
	if err != nil {
		return err
	}
	return a.tellAll(call, nil, happening)
}

// projectEvents answers with what happened to a project or, as a stream, tells what happens to it.
func (a *api) projectEvents(call *web.Call) error {
	limit, err := number(call, "limit", maxLimit)
	if err != nil {
		return err
	}
	if call.WantsStream() {
		return a.followProject(call, limit)
	}
	if limit == 0 {
		limit = defaultLimit
	}
	before, err := position(call)
	if err != nil {
		return err
	}
	events, err := a.platform.Events(call.Request().Context(), call.Caller, call.Project.ID, before, limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(events) > limit {
		events = events[:limit]
		next = strconv.FormatInt(events[limit-1].ID, 10)
	}
	return call.Answer(http.StatusOK, wire.Answer[[]wire.Event]{Status: wire.OK, Content: listed(events, wire.EventOf), NextCursor: next})
}

// followProject tells the newest events, as many as are asked for, and goes on with what happens.
func (a *api) followProject(call *web.Call, newest int) error {
	ctx, stop := call.Watching()
	defer stop(nil)
	happening, err := a.platform.WatchProject(ctx, call.Caller, call.Project.ID)
	if err != nil {
		return err
	}
	var before []paas.Event
	if newest > 0 {
		if before, err = a.platform.Events(ctx, call.Caller, call.Project.ID, 0, newest); err != nil {
			return err
		}
	}
	slices.Reverse(before)
	return a.tellAll(call, before, happening)
}

// position reads the cursor of a list whose items have numbers that grow; 0 is its beginning.
func position(call *web.Call) (int64, error) {
	cursor := call.QueryParam("cursor")
	if cursor == "" {
		return 0, nil
	}
	before, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || before < 1 {
		return 0, paas.InvalidField("cursor", "This cursor is none of this list: begin anew.")
	}
	return before, nil
}

// tellAll passes events on, those that have happened before and then others until they end.
func (a *api) tellAll(call *web.Call, before []paas.Event, happening <-chan paas.Event) error {
	stream, err := call.EventStream()
	if err != nil {
		return err
	}
	last := int64(0)
	for _, event := range before {
		if err := a.tell(call, stream, event); err != nil {
			return err
		}
		last = event.ID
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case event, open := <-happening:
			if !open {
				return stream.Event(wire.EventEnd, nil)
			}
			if event.ID != 0 && event.ID <= last {
				continue // it was among those before
			}
			if err := a.tell(call, stream, event); err != nil {
				return err
			}
		case <-beat.C:
			if err := call.Again(); err != nil {
				return stream.Fail(err)
			}
			if err := stream.Beat(); err != nil {
				return err
			}
		}
	}
}

// tell passes an event on, unless a token for one project must not hear of it.
func (a *api) tell(call *web.Call, stream *web.Stream, event paas.Event) error {
	if call.Token != nil && call.Token.Project != "" && call.Token.Project != event.Project {
		return nil
	}
	if err := call.Again(); err != nil {
		return stream.Fail(err)
	}
	return stream.Event(string(event.Kind), wire.EventOf(event))
}
