package api

import (
	"reflect"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
	"github.com/paastech-cloud/paastech/web/problem"
)

// eventTypes are the events of GET /events with their data.
func eventTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{wire.EventEnd: reflect.TypeFor[wire.Nothing](), problem.Event: reflect.TypeFor[problem.Document]()}
	for _, kind := range []paas.EventKind{paas.EventProjectCreated, paas.EventProjectChanged, paas.EventProjectDeleted, paas.EventProjectStatus, paas.EventDeployment} {
		types[string(kind)] = reflect.TypeFor[wire.Event]()
	}
	return types
}

// events tells what happens to the caller's projects, until the caller goes, the server ends or
// the caller's log-in does.
func (a *api) events(call *web.Call) error {
	ctx, stop := call.Watching()
	defer stop(nil)
	happening := a.platform.Watch(ctx, call.Caller)
	stream, err := call.EventStream()
	if err != nil {
		return err
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case event, open := <-happening:
			if !open {
				return stream.Event(wire.EventEnd, nil)
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
