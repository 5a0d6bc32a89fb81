package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/paastech-cloud/paastech/web"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const apiBase = "/api/v1"

// described is an operation as the served document describes it.
type described struct {
	ID         string `json:"operationId"`
	Summary    string
	Level      string   `json:"x-level"`
	Scope      string   `json:"x-scope"`
	Errors     []string `json:"x-errors"`
	Tags       []string
	Parameters []struct {
		Name, In string
		Required bool
		Example  any
		Schema   struct{ Type any }
	}
	RequestBody *struct{ Content map[string]media }
	Responses   map[string]struct{ Content map[string]media }
	Events      map[string]any `json:"x-events"`

	method, path string
	pointer      string // to it in the document
}

type media struct{ Example any }

// coverage is what was seen of an operation.
type coverage struct{ good, bad, client bool }

// contract is a way to the server that holds every exchange with the API to the document.
type contract struct {
	report     func(format string, args ...any) // of what breaks the contract
	text       []byte
	document   any
	operations []*described
	transport  *http.Transport

	mu       sync.Mutex
	compiler *jsonschema.Compiler          // guarded by mu, as all below
	schemas  map[string]*jsonschema.Schema // by pointer
	seen     map[string]*coverage          // by operation
}

func newContract(t testing.TB, server *web.Server) *contract {
	t.Helper()
	c := &contract{report: t.Errorf, transport: &http.Transport{}, schemas: map[string]*jsonschema.Schema{}, seen: map[string]*coverage{}}
	t.Cleanup(c.transport.CloseIdleConnections)
	response, err := http.Get("http://" + server.Addr().String() + apiBase + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if c.text, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	if c.document, err = jsonschema.UnmarshalJSON(bytes.NewReader(c.text)); err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Paths map[string]map[string]*described
	}
	if err := json.Unmarshal(c.text, &parsed); err != nil {
		t.Fatal(err)
	}
	for path, item := range parsed.Paths {
		for method, operation := range item {
			operation.method, operation.path = strings.ToUpper(method), path
			operation.pointer = "/paths/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(path) + "/" + method
			c.operations = append(c.operations, operation)
			c.seen[operation.ID] = &coverage{}
		}
	}
	c.compiler = jsonschema.NewCompiler()
	if err := c.compiler.AddResource("openapi.json", closed(c.document)); err != nil {
		t.Fatal(err)
	}
	return c
}

// closed is the document with every object that is answered refusing what is not described: clients must
// accept more, but a test must not.
func closed(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := map[string]any{}
		for key, one := range value {
			if copied[key] = one; key != "requestBody" {
				copied[key] = closed(one)
			}
		}
		_, hasProperties := value["properties"]
		if value["type"] == "object" && hasProperties && value["additionalProperties"] == nil {
			copied["unevaluatedProperties"] = false
		}
		if schemas, ok := copied["schemas"].(map[string]any); ok {
			if failure, ok := schemas["Document"].(map[string]any); ok {
				delete(failure, "unevaluatedProperties") // others add to it
			}
		}
		if _, both := value["allOf"]; both {
			copied["unevaluatedProperties"] = false
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i, one := range value {
			copied[i] = closed(one)
		}
		return copied
	}
	return value
}

// find is the operation that a request asks for; nil when the document has none.
func (c *contract) find(method, escapedPath string) *described {
	rest, ok := strings.CutPrefix(escapedPath, apiBase)
	if !ok {
		return nil
	}
	var best *described
	for _, operation := range c.operations {
		if operation.method == method && fits(operation.path, rest) && (best == nil || strings.Count(operation.path, "{") < strings.Count(best.path, "{")) {
			best = operation
		}
	}
	return best
}

func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") && want[i] != got[i] || got[i] == "" && i > 0 {
			return false
		}
	}
	return true
}

// client is the same way, noting that the typed client went it.
func (c *contract) client() http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if operation := c.find(r.Method, r.URL.EscapedPath()); operation != nil {
			c.mu.Lock()
			c.seen[operation.ID].client = true
			c.mu.Unlock()
		}
		return c.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// RoundTrip sends a request and checks what it was and what came back.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	response, err := c.transport.RoundTrip(r)
	if err != nil || !strings.HasPrefix(r.URL.Path, apiBase+"/") {
		return response, err
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	var got []byte
	if response.StatusCode == http.StatusSwitchingProtocols { // what follows is no HTTP
		if err := c.check(r, sent, response.StatusCode, kind, nil); err != nil {
			c.report("%s %s: %v", r.Method, r.URL, err)
		}
		return response, nil
	}
	if kind == "text/event-stream" {
		response.Body = &watchedStream{ReadCloser: response.Body, contract: c, operation: c.find(r.Method, r.URL.EscapedPath())}
	} else {
		if got, err = io.ReadAll(response.Body); err != nil {
			return nil, err
		}
		response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(got))
	}
	if err := c.check(r, sent, response.StatusCode, kind, got); err != nil {
		c.report("%s %s with %.300q answered %d %.500s, against the document: %v", r.Method, r.URL, sent, response.StatusCode, got, err)
	}
	return response, nil
}

// check holds one exchange to the document.
func (c *contract) check(r *http.Request, sent []byte, status int, kind string, got []byte) error {
	operation := c.find(r.Method, r.URL.EscapedPath())
	if status == http.StatusRequestHeaderFieldsTooLarge && len(r.URL.String()) > 30<<10 {
		return nil // the HTTP server's own answer
	}
	if operation == nil {
		if status != http.StatusNotFound && status != http.StatusMethodNotAllowed && r.Method != http.MethodOptions {
			return fmt.Errorf("an operation that is not there")
		}
		return nil
	}
	response, declared := operation.Responses[strconv.Itoa(status)]
	if !declared {
		return fmt.Errorf("the status is not declared")
	}
	if _, declared := response.Content[kind]; !declared && status != http.StatusSwitchingProtocols {
		return fmt.Errorf("the format %q is not declared", kind)
	}
	c.mu.Lock()
	seen := c.seen[operation.ID]
	seen.good, seen.bad = seen.good || status < 400, seen.bad || status >= 400
	c.mu.Unlock()
	if kind == "application/json" {
		if err := c.validate(fmt.Sprintf("%s/responses/%d/content/application~1json/schema", operation.pointer, status), got); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	if status >= 400 {
		return nil
	}
	return c.checkRequest(operation, r, sent)
}

// duplicates marks a request whose body has a name twice: what schemas say of it is not what is read.
type duplicates struct{}

func withDuplicates(ctx context.Context) context.Context {
	return context.WithValue(ctx, duplicates{}, true)
}

// checkRequest holds that what went well was what the document asks for.
func (c *contract) checkRequest(operation *described, r *http.Request, sent []byte) error {
	if operation.RequestBody != nil && len(bytes.TrimSpace(sent)) > 0 && r.Context().Value(duplicates{}) == nil {
		if err := c.validate(operation.pointer+"/requestBody/content/application~1json/schema", sent); err != nil {
			return fmt.Errorf("request: %w", err)
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	for i, parameter := range operation.Parameters {
		if text := query.Get(parameter.Name); parameter.In == "query" && text != "" {
			value := []byte(text)
			if !json.Valid(value) || parameter.Schema.Type == "string" {
				value, _ = json.Marshal(text)
			}
			if err := c.validate(fmt.Sprintf("%s/parameters/%d/schema", operation.pointer, i), value); err != nil {
				return fmt.Errorf("parameter %s: %w", parameter.Name, err)
			}
		}
	}
	return nil
}

// validate holds JSON to the schema at a pointer into the document.
func (c *contract) validate(pointer string, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	schema, err := c.schema(pointer)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (c *contract) schema(pointer string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if schema := c.schemas[pointer]; schema != nil {
		return schema, nil
	}
	schema, err := c.compiler.Compile("openapi.json#" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pointer))
	if err == nil {
		c.schemas[pointer] = schema
	}
	return schema, err
}

// watchedStream holds the events of a stream to the document as they are read.
type watchedStream struct {
	io.ReadCloser
	contract  *contract
	operation *described
	unread    string
	name      string
	data      []string
}

func (s *watchedStream) Read(into []byte) (int, error) {
	n, err := s.ReadCloser.Read(into)
	s.unread += string(into[:n])
	for {
		line, rest, whole := strings.Cut(s.unread, "\n")
		if !whole {
			return n, err
		}
		s.unread = rest
		s.take(line)
	}
}

func (s *watchedStream) take(line string) {
	switch field, value, _ := strings.Cut(line, ": "); {
	case field == "event":
		s.name = value
	case field == "data":
		s.data = append(s.data, value)
	case line == "" && (s.name != "" || s.data != nil):
		s.check(s.name, strings.Join(s.data, "\n"))
		s.name, s.data = "", nil
	}
}

func (s *watchedStream) check(name, data string) {
	_, declared := s.operation.Events[name]
	if !declared {
		s.contract.report("%s sent the event %q, which the document does not have", s.operation.ID, name)
		return
	}
	if name == "" {
		return // a line of text
	}
	if err := s.contract.validate(s.operation.pointer+"/x-events/"+name, []byte(data)); err != nil {
		s.contract.report("%s sent the event %s %s, against the document: %v", s.operation.ID, name, data, err)
	}
}
