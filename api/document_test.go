package api_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocument holds what OpenAPI 3.1 asks of a document, and what we do: an operation without example,
// level, summary or list of errors is none, and every route of the API is in it.
func TestDocument(t *testing.T) {
	w := newWorld(t)
	c := w.contract
	checkReferences(t, c.document, c.document)
	ids := map[string]bool{}
	for _, operation := range c.operations {
		if operation.ID == "" || ids[operation.ID] || operation.Summary == "" || operation.Level == "" || len(operation.Errors) == 0 || len(operation.Tags) != 1 {
			t.Errorf("%s %s: %+v", operation.method, operation.path, operation)
		}
		ids[operation.ID] = true
		checkParameters(t, operation)
		c.checkExamples(t, operation)
	}
	for _, route := range w.server.Routes() {
		path, ours := strings.CutPrefix(route.Path, apiBase)
		documented := slices.ContainsFunc(c.operations, func(o *described) bool {
			return o.method == route.Method && o.path == regexp.MustCompile(`:([a-z]+)`).ReplaceAllString(path, "{$1}") && o.ID == route.Name && o.Level == route.Level.String()
		})
		if ours && !documented {
			t.Errorf("%s %s is not in the document", route.Method, route.Path)
		}
		if !ours && strings.HasPrefix(route.Path, "/api") && !strings.HasPrefix(route.Path, "/api/docs") {
			t.Errorf("%s is beside the API", route.Path)
		}
	}
}

// checkReferences holds that every $ref leads somewhere in the document.
func checkReferences(t *testing.T, document, value any) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		if to, ok := value["$ref"].(string); ok && resolve(document, to) == nil {
			t.Errorf("%s leads nowhere", to)
		}
		for _, one := range value {
			checkReferences(t, document, one)
		}
	case []any:
		for _, one := range value {
			checkReferences(t, document, one)
		}
	}
}

func resolve(document any, reference string) any {
	at := document
	for part := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		object, _ := at.(map[string]any)
		at = object[part]
	}
	return at
}

// checkParameters holds that exactly the parameters in the path are declared as such.
func checkParameters(t *testing.T, operation *described) {
	t.Helper()
	var declared []string
	for _, parameter := range operation.Parameters {
		if parameter.In == "path" && parameter.Required {
			declared = append(declared, "{"+parameter.Name+"}")
		}
		if parameter.Example == nil {
			t.Errorf("%s: the parameter %s has no example", operation.ID, parameter.Name)
		}
	}
	if in := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(operation.path, -1); !slices.Equal(in, declared) {
		t.Errorf("%s: %v in the path, %v declared", operation.ID, in, declared)
	}
}

// checkExamples holds that every body has an example, which is as its schema says.
func (c *contract) checkExamples(t *testing.T, operation *described) {
	t.Helper()
	try := func(pointer string, example any) {
		t.Helper()
		text, err := json.Marshal(example)
		if err == nil && example == nil {
			err = fmt.Errorf("there is none")
		}
		if err == nil {
			err = c.validate(pointer+"/schema", text)
		}
		if err != nil {
			t.Errorf("example of %s%s: %v", operation.ID, pointer, err)
		}
	}
	if operation.RequestBody != nil {
		try(operation.pointer+"/requestBody/content/application~1json", operation.RequestBody.Content["application/json"].Example)
	}
	for status, response := range operation.Responses {
		for kind, body := range response.Content {
			try(operation.pointer+"/responses/"+status+"/content/"+strings.ReplaceAll(kind, "/", "~1"), body.Example)
		}
		if len(response.Content) == 0 && status != "101" { // a WebSocket follows
			t.Errorf("%s: status %s has no body", operation.ID, status)
		}
	}
	for i, parameter := range operation.Parameters {
		try(fmt.Sprintf("%s/parameters/%d", operation.pointer, i), parameter.Example)
	}
}
