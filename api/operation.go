package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// operation is one row of API.md, as the document shows it.
type operation struct {
	name    string // of the operation, in the document and the audit
	summary string
	method  string
	path    string // below the base path
	level   web.Level
	how     web.Strictness // lenient rows are those of the first PaaSTech's clients (marked c)
	scope   paas.Scope     // that an API token needs; empty means read to look and admin to change
	errors  failures       // besides those that all operations of its level have

	query    []openapi.Parameter
	statuses []int                   // of answers that went well; none means 200
	events   map[string]reflect.Type // of the stream that it can answer with, by name; nil is no data
	sick     reflect.Type            // what an answer of status 503 carries besides

	document      bool // answers with the document itself
	socket        bool // turns the request into a WebSocket
	projectTokens bool // tokens for one project may ask, although it is no project's
}

// endpoint is an operation with what carries it out.
type endpoint struct {
	operation
	tag     string
	handler web.Handler
	in, out reflect.Type // of body and content; nil is none
}

// route makes a row's endpoint: the types of its function are the body and the content.
func route[In, Out any](do func(*web.Call, In) (reply[Out], error), row operation) endpoint {
	handler := func(call *web.Call) error {
		var in In
		if err := call.Decode(&in, row.how); err != nil {
			return err
		}
		reply, err := do(call, in)
		if err != nil {
			return err
		}
		return call.Answer(reply.status, reply.answer)
	}
	return endpoint{operation: row, handler: handler, in: described[In](), out: described[Out]()}
}

// described is a type as the document shows it; nil when there is nothing to show.
func described[T any]() reflect.Type {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[nothing]() || t == reflect.TypeFor[wire.Nothing]() {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// raw makes the endpoint of a row that answers by itself, with a content of type Out or events.
func raw[Out any](handler web.Handler, row operation) endpoint {
	return endpoint{operation: row, handler: handler, out: described[Out]()}
}

// tagged puts endpoints into a chapter of the document.
func tagged(tag string, endpoints ...endpoint) []endpoint {
	for i := range endpoints {
		endpoints[i].tag = tag
	}
	return endpoints
}

// webRoute is the endpoint in the route table.
func (e endpoint) webRoute() web.Route {
	return web.Route{
		Method: e.method, Path: basePath + e.path, Level: e.level, Name: e.name, Scope: e.scope, Handler: e.handler, ProjectTokens: e.projectTokens, Socket: e.socket,
	}
}

func webRoutes(endpoints []endpoint) []web.Route { return listed(endpoints, endpoint.webRoute) }

// check refuses an operation that the document could not explain.
func (e endpoint) check() error {
	var missing error
	switch {
	case e.name == "":
		missing = errors.New("it has no name")
	case e.summary == "":
		missing = errors.New("it has no summary")
	case e.tag == "":
		missing = errors.New("it has no chapter")
	case e.level == 0:
		missing = errors.New("it does not declare who may use it")
	case e.errors == nil:
		missing = errors.New("it does not declare what can go wrong")
	default:
		missing = e.errors.check()
	}
	if missing != nil {
		return fmt.Errorf("operation %s %s: %w", e.method, cmp.Or(e.path, e.name), missing)
	}
	return nil
}

// allErrors are the declared failures, and those that its level, method and path bring with them.
func (e endpoint) allErrors() failures {
	all := fails(paas.EInvalid, paas.ETooLarge, paas.EInternal, paas.EUnavailable, paas.EShuttingDown)
	if e.level != web.Public {
		all = all.and(fails(paas.ENotLoggedIn, paas.EScope))
	}
	if e.level == web.Admin || e.method != http.MethodGet || e.socket {
		all = all.and(fails(paas.EForbidden)) // the latter to another site's pages
	}
	if strings.Contains(e.path, ":") && e.level != web.Public {
		all = all.and(fails(paas.ENotFound))
	}
	return all.and(e.errors)
}

// toggle is a parameter of the query that is true or false.
func toggle(name string, otherwise any, description string) openapi.Parameter {
	return openapi.Parameter{Name: name, In: openapi.InQuery, Description: description, Schema: &openapi.Schema{Type: openapi.Boolean, Default: otherwise}, Example: true}
}

// count is a parameter of the query that counts something, from 1.
func count(name string, most int, otherwise any, description string) openapi.Parameter {
	one := 1
	return openapi.Parameter{Name: name, In: openapi.InQuery, Description: description, Schema: &openapi.Schema{Type: openapi.Integer, Minimum: &one, Maximum: &most, Default: otherwise}, Example: min(20, most)}
}

// words is a parameter of the query that is text.
func words(name, example, description string) openapi.Parameter {
	return openapi.Parameter{Name: name, In: openapi.InQuery, Description: description, Schema: &openapi.Schema{Type: openapi.String}, Example: example}
}

// waits is the parameter of what makes a deployment.
func waits() openapi.Parameter {
	return toggle("wait", true, "Answer when the deployment is live or has failed; false answers 202 as soon as it has its number.")
}

// pages are the parameters of a list; usual is how many items it has unless asked, 0 all.
func pages(usual int, cursor string) []openapi.Parameter {
	var otherwise any
	if usual != noLimit {
		otherwise = usual
	}
	return []openapi.Parameter{
		count("limit", maxLimit, otherwise, "How many items at the most."),
		words("cursor", cursor, "Where the page before ended: its nextCursor."),
	}
}
