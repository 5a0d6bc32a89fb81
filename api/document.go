package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
	"github.com/paastech-cloud/paastech/web/problem"
)

const (
	jsonBody    = "application/json"
	eventStream = "text/event-stream"
)

// describe makes the document of the operations.
func (a *api) describe(operations []endpoint) error {
	writer := &describer{generator: openapi.NewGenerator(vocabulary()), paths: map[string]openapi.PathItem{}}
	names := map[string]bool{}
	for _, one := range operations {
		if err := one.check(); err != nil {
			return err
		}
		if names[one.name] {
			return fmt.Errorf("two operations are named %s", one.name)
		}
		names[one.name] = true
		if err := writer.add(one); err != nil {
			return fmt.Errorf("operation %s: %w", one.name, err)
		}
	}
	var err error
	a.document, err = json.Marshal(writer.document(a.options.Version))
	return err
}

func (a *api) openapi(call *web.Call) error { return call.JSONBlob(http.StatusOK, a.document) }

func (a *api) appSchema(call *web.Call) error {
	return call.JSONBlob(http.StatusOK, a.options.AppSchema)
}

// describer collects the document.
type describer struct {
	generator *openapi.Generator
	paths     map[string]openapi.PathItem
	tags      []openapi.Tag
}

func (d *describer) document(version string) openapi.Document {
	return openapi.Document{
		OpenAPI: openapi.Version,
		Info: openapi.Info{Title: "PaaSTech", Version: version,
			Description: "What programs may ask of this platform. Answers that went well have their content beside a status; all others say in one sentence what was wrong, with a stable code."},
		Servers: []openapi.Server{{URL: basePath}},
		Tags:    d.tags,
		Paths:   d.paths,
		Components: openapi.Components{Schemas: d.generator.Components(), SecuritySchemes: map[string]openapi.SecurityScheme{
			"bearer": {Type: "http", Scheme: "bearer", Description: "A session's token, or an API token (pt_…)."},
			"cookie": {Type: "apiKey", In: "cookie", Name: "access", Description: "A session's token, in the browser; over TLS its name is __Host-access."},
		}},
	}
}

var pathParameter = regexp.MustCompile(`:([a-z]+)`)

func (d *describer) add(e endpoint) error {
	parameters, err := parametersOf(e)
	if err != nil {
		return err
	}
	operation := &openapi.Operation{
		ID: e.name, Summary: e.summary, Tags: []string{e.tag}, Security: []map[string][]string{},
		Parameters: parameters, Responses: map[string]openapi.Response{}, Level: e.level.String(),
	}
	if e.level != web.Public {
		operation.Security = []map[string][]string{{"bearer": {}}, {"cookie": {}}}
		operation.Scope = string(e.webRoute().TokenScope())
	}
	for _, step := range []func(endpoint, *openapi.Operation) error{d.body, d.successes, d.stream, d.failures} {
		if err := step(e, operation); err != nil {
			return err
		}
	}
	path := pathParameter.ReplaceAllString(e.path, "{$1}")
	if d.paths[path] == nil {
		d.paths[path] = openapi.PathItem{}
	}
	d.paths[path][strings.ToLower(e.method)] = operation
	if !slices.ContainsFunc(d.tags, func(t openapi.Tag) bool { return t.Name == e.tag }) {
		d.tags = append(d.tags, openapi.Tag{Name: e.tag})
	}
	return nil
}

// parametersOf are the parameters of an operation; those of paths have one meaning everywhere.
func parametersOf(e endpoint) ([]openapi.Parameter, error) {
	id := uuid()
	meanings := map[string]openapi.Parameter{
		"id": {Description: "The project's id.", Schema: &id}, "key": {Description: "The key's id.", Schema: &id},
		"token": {Description: "The API token's id, or the secret of a mailed link.", Schema: &id}, "invite": {Description: "The invitation's id.", Schema: &id}, "session": {Description: "The log-in's id.", Schema: &id},
		"domain":   {Description: "The domain's name.", Schema: &openapi.Schema{Type: openapi.String, Example: "shop.example.com"}},
		"name":     {Description: "The volume's name.", Schema: &openapi.Schema{Type: openapi.String, Example: "data"}},
		"username": {Description: "The account's username.", Schema: &openapi.Schema{Type: openapi.String, Example: "ada"}},
		"n":        {Description: "The deployment's number, like 3 or v3.", Schema: &openapi.Schema{Type: openapi.String, Pattern: deploymentPattern, Example: "3"}},
	}
	var parameters []openapi.Parameter
	for _, found := range pathParameter.FindAllStringSubmatch(e.path, -1) {
		parameter, known := meanings[found[1]]
		if !known {
			return nil, fmt.Errorf("nothing says what the parameter :%s means", found[1])
		}
		parameter.Name, parameter.In, parameter.Required, parameter.Example = found[1], openapi.InPath, true, parameter.Schema.Example
		parameters = append(parameters, parameter)
	}
	for _, parameter := range e.query {
		if parameter.Example == nil || parameter.Description == "" {
			return nil, fmt.Errorf("the parameter %s has no example or description", parameter.Name)
		}
		parameters = append(parameters, parameter)
	}
	return parameters, nil
}

func (d *describer) body(e endpoint, operation *openapi.Operation) error {
	if e.in == nil {
		return nil
	}
	how := openapi.Closed
	if e.how == web.Lenient {
		how = openapi.Open
	}
	schema, err := d.generator.Request(e.in, how)
	if err != nil {
		return err
	}
	operation.RequestBody = &openapi.RequestBody{Required: len(schema.Required) > 0, Content: jsonOf(schema, schema.Example)}
	return nil
}

func jsonOf(schema *openapi.Schema, example any) map[string]openapi.MediaType {
	return map[string]openapi.MediaType{jsonBody: {Schema: schema, Example: example}}
}

// successes are the answers that went well.
func (d *describer) successes(e endpoint, operation *openapi.Operation) error {
	statuses := e.statuses
	if e.socket {
		operation.Responses["101"] = openapi.Response{Description: "The WebSocket is open."}
		return nil
	}
	if statuses == nil {
		statuses = []int{http.StatusOK}
	}
	for _, status := range statuses {
		content, err := d.answer(e, status)
		if err != nil {
			return err
		}
		operation.Responses[strconv.Itoa(status)] = openapi.Response{Description: http.StatusText(status), Content: content}
	}
	return nil
}

func (d *describer) answer(e endpoint, status int) (map[string]openapi.MediaType, error) {
	switch {
	case e.document:
		return jsonOf(&openapi.Schema{Type: openapi.Object, Description: e.summary}, map[string]any{}), nil
	case e.out == nil && e.events != nil:
		return map[string]openapi.MediaType{}, nil
	}
	word := wordOf(e, status)
	envelope := &openapi.Schema{Type: openapi.Object, Required: []string{"status"}, Properties: map[string]*openapi.Schema{"status": {Type: openapi.String, Const: word}}}
	example := map[string]any{"status": word}
	if e.out != nil {
		content, err := d.generator.Answer(e.out)
		if err != nil {
			return nil, err
		}
		envelope.Properties["content"], example["content"] = content, content.Example
		envelope.Required = append(envelope.Required, "content")
		if e.out.Kind() == reflect.Slice && e.query != nil {
			envelope.Properties["nextCursor"] = &openapi.Schema{Type: openapi.String, Description: "Of a list that goes on."}
		}
	}
	return jsonOf(envelope, example), nil
}

func wordOf(e endpoint, status int) wire.Word {
	switch {
	case status == http.StatusCreated:
		return wire.Created
	case e.out == nil && e.method == http.MethodDelete:
		return wire.Removed
	}
	return wire.OK
}

// stream is the answer of events, beside the others.
func (d *describer) stream(e endpoint, operation *openapi.Operation) error {
	if e.events == nil {
		return nil
	}
	operation.Events = map[string]*openapi.Schema{}
	for name, data := range e.events {
		schema := &openapi.Schema{Type: openapi.String, Description: "One line of text."}
		switch {
		case data == reflect.TypeFor[wire.Nothing]():
			schema = &openapi.Schema{Type: openapi.Null}
		case data.Kind() == reflect.Struct:
			var err error
			if schema, err = d.generator.Answer(data); err != nil {
				return err
			}
		}
		operation.Events[name] = schema
	}
	operation.Responses["200"].Content[eventStream] = openapi.MediaType{
		Schema: &openapi.Schema{Type: openapi.String, Description: "Server-sent events; x-events has their names and data."}, Example: "data: listening on 8080\n\n",
	}
	return nil
}

// failures are the answers that did not go well: one for each status, with its codes.
func (d *describer) failures(e endpoint, operation *openapi.Operation) error {
	document, err := d.generator.Answer(reflect.TypeFor[problem.Document]())
	if err != nil {
		return err
	}
	byStatus := map[int][]paas.Code{}
	for _, one := range e.allErrors() {
		status := problem.Status(one.kind)
		if !slices.Contains(byStatus[status], one.code) {
			byStatus[status] = append(byStatus[status], one.code)
		}
	}
	codes := map[string]bool{}
	for status, all := range byStatus {
		slices.Sort(all)
		response := openapi.Response{Description: http.StatusText(status), Content: jsonOf(failureSchema(document, status, all), failureExample(status, all[0]))}
		if status == http.StatusTooManyRequests {
			response.Headers = map[string]openapi.Header{"Retry-After": {Description: "Seconds until trying again makes sense.", Schema: &openapi.Schema{Type: openapi.Integer}}}
		}
		if status == http.StatusServiceUnavailable && e.sick != nil {
			if err := d.addSick(e, response); err != nil {
				return err
			}
		}
		operation.Responses[strconv.Itoa(status)] = response
		for _, code := range all {
			codes[string(code)] = true
		}
	}
	for code := range codes {
		operation.Errors = append(operation.Errors, code)
	}
	slices.Sort(operation.Errors)
	return nil
}

func failureSchema(document *openapi.Schema, status int, codes []paas.Code) *openapi.Schema {
	code := oneOf(codes...)
	return &openapi.Schema{AllOf: []*openapi.Schema{document, {Properties: map[string]*openapi.Schema{"code": &code, "statusCode": {Const: status}}}}}
}

func failureExample(status int, code paas.Code) map[string]any {
	return map[string]any{"status": "error", "statusCode": status, "code": code, "message": meanings()[code].sentence}
}

// addSick says that a failure carries a content, too.
func (d *describer) addSick(e endpoint, response openapi.Response) error {
	content, err := d.generator.Answer(e.sick)
	if err != nil {
		return err
	}
	body := response.Content[jsonBody]
	body.Schema.AllOf[1].Properties["content"] = content
	return nil
}
